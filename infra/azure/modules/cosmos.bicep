// The database. Containers, partition keys, times to live and indexes are those of shared/platform/containers.ts.
param location string
param tags object
param name string
param sizes object
param principalId string
param workspaceId string

var declared = loadJsonContent('../generated/containers.json')
var serverless = sizes.capacity == 'serverless'
// Built in: reads and writes documents, manages nothing.
var dataContributor = '00000000-0000-0000-0000-000000000002'

resource account 'Microsoft.DocumentDB/databaseAccounts@2024-11-15' = {
  name: name
  location: location
  tags: tags
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    locations: [{ locationName: location, failoverPriority: 0, isZoneRedundant: sizes.zoneRedundant }]
    consistencyPolicy: { defaultConsistencyLevel: 'Session' }
    capabilities: serverless ? [{ name: 'EnableServerless' }] : []
    disableLocalAuth: true
    disableKeyBasedMetadataWriteAccess: true
    minimalTlsVersion: 'Tls12'
    publicNetworkAccess: 'Enabled'
    backupPolicy: { type: 'Continuous', continuousModeProperties: { tier: sizes.backup } }
  }
}

// Autoscale is shared by all containers but those that have their own.
resource database 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2024-11-15' = {
  parent: account
  name: declared.database
  properties: {
    resource: { id: declared.database }
    options: serverless ? {} : { autoscaleSettings: { maxThroughput: sizes.maxThroughput } }
  }
}

@batchSize(4)
resource containers 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2024-11-15' = [for container in declared.containers: {
  parent: database
  name: container.id
  properties: {
    resource: container
    options: !serverless && contains(sizes.dedicated, container.id) ? { autoscaleSettings: { maxThroughput: sizes.dedicated[container.id] } } : {}
  }
}]

resource readsAndWrites 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2024-11-15' = {
  parent: account
  name: guid(database.id, principalId, dataContributor)
  properties: {
    principalId: principalId
    roleDefinitionId: '${account.id}/sqlRoleDefinitions/${dataContributor}'
    scope: '${account.id}/dbs/${database.name}'
  }
}

// How large the largest logical partitions are: one takes 20 GB, and no more when it is full.
resource statistics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account
  name: 'partitions'
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [{ category: 'PartitionKeyStatistics', enabled: true }]
  }
}

output id string = account.id
output name string = account.name
output endpoint string = account.properties.documentEndpoint
output database string = database.name
