// Azure Managed Redis, only when a profile asks for it. Clients come with a token of their identity; there are no keys.
param location string
param tags object
param name string
param sizes object
param principalId string

resource cluster 'Microsoft.Cache/redisEnterprise@2025-04-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sizes.sku }
  properties: {
    highAvailability: sizes.highAvailability ? 'Enabled' : 'Disabled'
    minimumTlsVersion: '1.2'
  }
}

// One endpoint, as ordinary clients expect; what is kept may all be lost, so the least used goes first.
resource database 'Microsoft.Cache/redisEnterprise/databases@2025-04-01' = {
  parent: cluster
  name: 'default'
  properties: {
    accessKeysAuthentication: 'Disabled'
    clientProtocol: 'Encrypted'
    clusteringPolicy: 'EnterpriseCluster'
    evictionPolicy: 'AllKeysLRU'
    port: 10000
  }
}

resource uses 'Microsoft.Cache/redisEnterprise/databases/accessPolicyAssignments@2025-04-01' = {
  parent: database
  name: 'marquee'
  properties: {
    accessPolicyName: 'default'
    user: { objectId: principalId }
  }
}

// No name and no password: the adapter then asks for a token of the identity.
output url string = 'rediss://${cluster.properties.hostName}:${database.properties.port}'
