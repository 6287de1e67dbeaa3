/** W3C trace context, as it stands in the header `traceparent` and in facts, and that of what is under way. */
import { context, trace } from '@opentelemetry/api';

interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits: the span that what follows belongs to. */
  readonly spanId: string;
  /** Bit 0: sampled. */
  readonly traceFlags: number;
}

const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const VERSION = '00';
/** What flags of ours can mean: sampled, and a random trace id. */
const KNOWN_FLAGS = 3;

/** The context in a `traceparent`; nothing for none and for a bad one. Later versions are read as far as we know them. */
export function traceContextOf(traceparent: string | undefined): TraceContext | undefined {
  const [, version, traceId, spanId, flags = '', more] = (traceparent && TRACEPARENT.exec(traceparent)) || [];
  if (traceId === undefined || spanId === undefined || (version === VERSION && more !== undefined)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & KNOWN_FLAGS };
}

export function traceparentOf({ traceId, spanId, traceFlags }: TraceContext): string {
  return `${VERSION}-${traceId}-${spanId}-0${traceFlags & KNOWN_FLAGS}`;
}

/** The trace of what is under way, by the names that lines of a log have for it; nothing where none is recorded. */
export function activeTrace(): { readonly trace_id: string; readonly span_id: string } | undefined {
  const active = trace.getSpanContext(context.active());
  return active && { trace_id: active.traceId, span_id: active.spanId };
}
