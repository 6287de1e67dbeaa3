/** The SDK of OpenTelemetry, where telemetry is wanted. It is loaded only then: with all that it brings it takes its time. */
import { setTimeout as sleep } from 'node:timers/promises';
import { context } from '@opentelemetry/api';
import type { IMetricReader } from '@opentelemetry/sdk-metrics';
import type { Sampler, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { type Systems, type Telemetry, telemetryOver } from './telemetry.ts';

interface SdkOptions {
  readonly systems: Systems;
  /** The share of traces that is recorded, from 0 to 1. */
  readonly share: number;
  readonly spans: readonly SpanProcessor[];
  readonly metrics: readonly IMetricReader[];
  /** Chooses by the share; left out, by the trace id. */
  readonly sampler?: Sampler;
}

const NAME = 'marquee';
/** Milliseconds that the end waits for what is still to be sent. */
const STOP_WITHIN = 5000;

/**
 * Starts the SDK. A trace is recorded whole or not at all: where its start was not, nothing that follows is. Who asks for
 * a trace to be recorded (the flag in `traceparent`) is one among those of the share, as anybody can ask.
 */
export async function startSdk(options: SdkOptions): Promise<Telemetry> {
  const [sdk, { MeterProvider }, { resourceFromAttributes }, { AsyncLocalStorageContextManager }] = await Promise.all([
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/context-async-hooks'),
  ]);
  const { systems, share, spans, metrics } = options;
  const resource = resourceFromAttributes({ 'service.name': NAME });
  const ofShare = options.sampler ?? new sdk.TraceIdRatioBasedSampler(share);
  const sampler = new sdk.ParentBasedSampler({
    root: ofShare,
    remoteParentSampled: ofShare,
    localParentSampled: ofShare,
  });
  const tracers = new sdk.BasicTracerProvider({ resource, sampler, spanProcessors: [...spans] });
  const meters = new MeterProvider({ resource, readers: [...metrics] });
  // One a process; those who start another share it.
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return telemetryOver(tracers.getTracer(NAME), meters.getMeter(NAME), systems, async () => {
    const ended = Promise.allSettled([tracers.shutdown(), meters.shutdown()]);
    await Promise.race([ended, sleep(STOP_WITHIN, undefined, { ref: false })]);
  });
}
