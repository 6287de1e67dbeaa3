// What wakes somebody: errors, slowness, what was given up on, what is refused for lack of room, what waits.
param location string
param tags object
param token string
param limits object
@description('Gigabytes of telemetry that the workspace takes a day')
param dailyGB int
param email string
param insightsId string
param workspaceId string
param cosmosId string
param busId string

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-marquee-${token}'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'marquee'
    emailReceivers: empty(email) ? [] : [{ name: 'alerts', emailAddress: email, useCommonAlertSchema: true }]
  }
}

// Of at least 20 requests that were recorded, so that one failure in a quiet night is no alarm; each counts for those that
// were not. Timers and messages are not requests here.
var queries = [
  {
    name: 'error-rate'
    severity: 1
    says: 'Requests answered 5xx, in percent'
    above: limits.errorPercent
    column: 'percent'
    scope: insightsId
    every: 'PT5M'
    window: 'PT15M'
    unseen: false
    query: 'requests | where isnotempty(url) | summarize seen = count(), all = sum(itemCount), failed = sumif(itemCount, toint(resultCode) >= 500) | where seen >= 20 | project percent = 100.0 * failed / all'
  }
  {
    name: 'slow-p95'
    severity: 2
    says: 'The 95th percentile of the time to answer, in milliseconds'
    above: limits.p95Ms
    column: 'p95'
    scope: insightsId
    every: 'PT5M'
    window: 'PT15M'
    unseen: false
    query: 'requests | where isnotempty(url) | summarize seen = count(), p95 = percentile(duration, 95) | where seen >= 20 | project p95'
  }
  {
    name: 'relay-stopped'
    severity: 1
    says: 'Failed tries to bring facts from the outbox to the bus; they leave the outbox after seven days'
    above: limits.relayFailures
    column: 'failures'
    scope: insightsId
    every: 'PT5M'
    window: 'PT15M'
    unseen: false
    query: 'requests | where name startswith "outbox-" and success == false | summarize failures = sum(itemCount)'
  }
  // Without telemetry the three above see nothing. These two read what is not counted against the cap.
  {
    name: 'telemetry-near-cap'
    severity: 2
    says: 'Telemetry of the last day, in percent of what the workspace takes a day'
    above: 80
    column: 'percent'
    scope: workspaceId
    every: 'PT1H'
    window: 'P1D'
    unseen: true
    query: 'Usage | where IsBillable | summarize percent = sum(Quantity) / (10.0 * ${dailyGB})'
  }
  {
    name: 'telemetry-stopped'
    severity: 1
    says: 'The workspace takes no more telemetry today, so no error and no slowness is seen'
    above: 0
    column: 'times'
    scope: workspaceId
    every: 'PT5M'
    window: 'PT15M'
    unseen: true
    query: '_LogOperation | where Category =~ "Ingestion" | where Detail contains "OverQuota" | summarize times = count()'
  }
  {
    name: 'full-partition'
    severity: 2
    says: 'Size of a logical partition, in GB; at 20 it takes no more'
    above: limits.partitionGB
    column: 'gigabytes'
    scope: workspaceId
    every: 'PT1H'
    window: 'P1D'
    // The table is made with its first row, hours after the account.
    unseen: true
    query: 'CDBPartitionKeyStatistics | summarize gigabytes = max(todouble(SizeKb)) / 1048576 by CollectionName, tostring(PartitionKey)'
  }
]

resource queried 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for alert in queries: {
  name: 'alert-${alert.name}-${token}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: alert.name
    description: alert.says
    severity: alert.severity
    enabled: true
    autoMitigate: true
    scopes: [alert.scope]
    evaluationFrequency: alert.every
    windowSize: alert.window
    skipQueryValidation: alert.unseen
    criteria: {
      allOf: [
        {
          query: alert.query
          metricMeasureColumn: alert.column
          timeAggregation: 'Maximum'
          operator: 'GreaterThan'
          threshold: alert.above
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: [people.id] }
  }
}]

var metrics = [
  {
    name: 'dead-letters'
    severity: 1
    says: 'Messages that a reaction gave up on'
    resource: busId
    namespace: 'Microsoft.ServiceBus/namespaces'
    metric: 'DeadletteredMessages'
    aggregation: 'Maximum'
    above: 0
    dimensions: []
  }
  {
    name: 'waiting-messages'
    severity: 2
    says: 'Facts that wait for their reactions; the topic has no measure of their age'
    resource: busId
    namespace: 'Microsoft.ServiceBus/namespaces'
    metric: 'ActiveMessages'
    aggregation: 'Average'
    above: limits.waitingMessages
    dimensions: []
  }
  {
    name: 'throttled-bus'
    severity: 2
    says: 'Requests that Service Bus refused as too many'
    resource: busId
    namespace: 'Microsoft.ServiceBus/namespaces'
    metric: 'ThrottledRequests'
    aggregation: 'Total'
    above: limits.throttled
    dimensions: []
  }
  {
    name: 'throttled-cosmos'
    severity: 2
    says: 'Requests that Cosmos DB answered 429'
    resource: cosmosId
    namespace: 'Microsoft.DocumentDB/databaseAccounts'
    metric: 'TotalRequests'
    aggregation: 'Count'
    above: limits.throttled
    dimensions: [{ name: 'StatusCode', operator: 'Include', values: ['429'] }]
  }
]

resource measured 'Microsoft.Insights/metricAlerts@2018-03-01' = [for alert in metrics: {
  name: 'alert-${alert.name}-${token}'
  location: 'global'
  tags: tags
  properties: {
    description: alert.says
    severity: alert.severity
    enabled: true
    autoMitigate: true
    scopes: [alert.resource]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: alert.name
          metricNamespace: alert.namespace
          metricName: alert.metric
          timeAggregation: alert.aggregation
          operator: 'GreaterThan'
          threshold: alert.above
          dimensions: alert.dimensions
        }
      ]
    }
    actions: [{ actionGroupId: people.id }]
  }
}]
