/** Telemetry that stays in memory, to be looked at. */
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { startSdk } from '../../shared/platform/telemetry.sdk.ts';
import type { Telemetry } from '../../shared/platform/telemetry.ts';

interface Point {
  readonly attributes: Readonly<Record<string, unknown>>;
  /** A sum, or a histogram. */
  readonly value: unknown;
}

export interface RecordedTelemetry extends Telemetry {
  /** The spans that have ended, of one trace or of all. */
  spans(traceId?: string): ReadableSpan[];
  /** What a metric has come to since the start. */
  metric(name: string): Promise<readonly Point[]>;
  /** All metrics, as they would be sent. */
  metrics(): Promise<string>;
}

const NEVER = 2 ** 31 - 1;

export async function recordedTelemetry(share = 1): Promise<RecordedTelemetry> {
  const spans = new InMemorySpanExporter();
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: NEVER });
  const telemetry = await startSdk({
    systems: { store: 'sqlite', bus: 'local' },
    share,
    spans: [new SimpleSpanProcessor(spans)],
    metrics: [reader],
  });
  async function latest() {
    await reader.forceFlush();
    return (
      exporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap(({ metrics }) => metrics) ?? []
    );
  }
  return {
    ...telemetry,
    spans(traceId) {
      const all = spans.getFinishedSpans();
      return traceId === undefined ? all : all.filter((span) => span.spanContext().traceId === traceId);
    },
    async metric(name) {
      return (await latest()).find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
    },
    metrics: async () => JSON.stringify(await latest()),
  };
}

/** `GET /api/events > read events`: a span's name after those it belongs to, as far as they are among these. */
export function pathOf(span: ReadableSpan, spans: readonly ReadableSpan[]): string {
  const parent = spans.find((one) => one.spanContext().spanId === span.parentSpanContext?.spanId);
  return parent ? `${pathOf(parent, spans)} > ${span.name}` : span.name;
}
