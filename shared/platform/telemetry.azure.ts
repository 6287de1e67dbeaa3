/** Telemetry into Azure Monitor (Application Insights), loaded only where that is set. */

import { SpanKind } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/sdk-trace-base';
import type { Config } from './config.ts';
import { startSdk } from './telemetry.sdk.ts';
import type { Systems, Telemetry } from './telemetry.ts';

type Settings = Pick<
  Config,
  'APPLICATIONINSIGHTS_CONNECTION_STRING' | 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING' | 'TELEMETRY_SHARE'
>;

/** Nothing where `APPLICATIONINSIGHTS_CONNECTION_STRING` is not set. */
export async function openTelemetry(config: Settings, systems: Systems): Promise<Telemetry | undefined> {
  const { APPLICATIONINSIGHTS_CONNECTION_STRING: connectionString, TELEMETRY_SHARE: share } = config;
  if (connectionString === undefined) return undefined;
  // The exporter reports on its own use to Microsoft unless it finds this in the environment.
  process.env.APPLICATION_INSIGHTS_NO_STATSBEAT ??= 'true';
  const [azure, { BatchSpanProcessor }, { PeriodicExportingMetricReader }] = await Promise.all([
    import('@azure/monitor-opentelemetry-exporter'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/sdk-metrics'),
  ]);
  // A worker's own disk is no place for what could not be sent: it is gone with the worker.
  const credential = await credentialOf(config.APPLICATIONINSIGHTS_AUTHENTICATION_STRING ?? '');
  const options = { connectionString, credential, disableOfflineStorage: true, ...plainly(connectionString) };
  const batches = new BatchSpanProcessor(new azure.AzureMonitorTraceExporter(options));
  return startSdk({
    systems,
    share,
    spans: [named(azure.AI_OPERATION_NAME), batches],
    metrics: [new PeriodicExportingMetricReader({ exporter: new azure.AzureMonitorMetricExporter(options) })],
    // Says with each span for how many it stands.
    sampler: new azure.ApplicationInsightsSampler(share),
  });
}

/** The identity that sends, where the setting of the Functions host asks for one. */
async function credentialOf(authentication: string) {
  if (!/(?:^|;)\s*Authorization=AAD/i.test(authentication)) return undefined;
  const { DefaultAzureCredential } = await import('@azure/identity');
  const [, managedIdentityClientId] = /(?:^|;)\s*ClientId=([^;\s]+)/i.exec(authentication) ?? [];
  return new DefaultAzureCredential(managedIdentityClientId === undefined ? {} : { managedIdentityClientId });
}

/** The exporter makes TLS of any address; a collector on this very machine may do without. */
function plainly(connectionString: string) {
  const [, host] =
    /(?:^|;)\s*IngestionEndpoint=(http:\/\/(?:127\.0\.0\.1|localhost):\d+)/i.exec(connectionString) ?? [];
  return host === undefined ? {} : { host, allowInsecureConnection: true };
}

/** A message received is shown as a request, and the exporter knows no name for it but this attribute. */
function named(attribute: string) {
  return {
    onStart(span: Span) {
      if (span.kind === SpanKind.CONSUMER) span.setAttribute(attribute, span.name);
    },
    onEnd() {},
    forceFlush: async () => {},
    shutdown: async () => {},
  };
}
