// The topic of the facts, and one subscription a reaction with a filter for the fact types it is told of.
param location string
param tags object
param name string
param sizes object
param principalId string

var declared = loadJsonContent('../generated/subscriptions.json')
var roles = loadJsonContent('../roles.json')

resource namespace 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: sizes.sku == 'Premium' ? { name: 'Premium', tier: 'Premium', capacity: sizes.capacity } : { name: sizes.sku, tier: sizes.sku }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
    publicNetworkAccess: 'Enabled'
  }
}

// What the change feed brings again within the hour is dropped here; later than that, the reactions drop it.
resource topic 'Microsoft.ServiceBus/namespaces/topics@2024-01-01' = {
  parent: namespace
  name: declared.topic
  properties: {
    requiresDuplicateDetection: true
    duplicateDetectionHistoryTimeWindow: 'PT1H'
    defaultMessageTimeToLive: 'P14D'
    maxSizeInMegabytes: 5120
    enableBatchedOperations: true
    supportOrdering: true
  }
}

@batchSize(4)
resource subscriptions 'Microsoft.ServiceBus/namespaces/topics/subscriptions@2024-01-01' = [for subscription in declared.subscriptions: {
  parent: topic
  name: subscription.name
  properties: {
    requiresSession: true
    lockDuration: 'PT1M'
    maxDeliveryCount: 10
    defaultMessageTimeToLive: 'P14D'
    deadLetteringOnMessageExpiration: true
    deadLetteringOnFilterEvaluationExceptions: true
    enableBatchedOperations: true
  }
}]

// Every subscription is made with a rule $Default that lets everything through: this takes its place. It is the only
// one, so that a changed filter leaves none behind.
@batchSize(8)
resource filters 'Microsoft.ServiceBus/namespaces/topics/subscriptions/rules@2024-01-01' = [for (subscription, at) in declared.subscriptions: {
  parent: subscriptions[at]
  name: '$Default'
  properties: {
    filterType: 'SqlFilter'
    sqlFilter: { sqlExpression: subscription.filter }
  }
}]

resource sends 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: topic
  name: guid(topic.id, principalId, roles.serviceBusDataSender)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.serviceBusDataSender)
  }
}

// For the namespace, which has this one topic: the trigger wants the role to reach its subscriptions.
resource receives 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: namespace
  name: guid(namespace.id, principalId, roles.serviceBusDataReceiver)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.serviceBusDataReceiver)
  }
}

output id string = namespace.id
output namespace string = '${namespace.name}.servicebus.windows.net'
output topic string = topic.name
output topicId string = topic.id
