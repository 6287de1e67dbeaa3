// Two accounts, so that what the Functions host must be allowed to do does not reach the pictures. No shared keys.
param location string
param tags object
param token string
param sizes object
param principalId string

var roles = loadJsonContent('../roles.json')

resource host 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'stmqhost${token}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sizes.sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
  }
}

resource hostBlobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: host
  name: 'default'
}

resource package 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: hostBlobs
  name: 'app-package'
  properties: { publicAccess: 'None' }
}

resource data 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'stmqdata${token}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sizes.sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
  }
}

resource dataBlobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: data
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: 7 }
    containerDeleteRetentionPolicy: { enabled: true, days: 7 }
  }
}

resource pictures 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: dataBlobs
  name: 'pictures'
  properties: { publicAccess: 'None' }
}

// The host keeps its locks, keys and timers here, and reads the deployed package.
resource ownsHostBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: host
  name: guid(host.id, principalId, roles.storageBlobDataOwner)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataOwner)
  }
}

resource writesPictures 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: pictures
  name: guid(pictures.id, principalId, roles.storageBlobDataContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDataContributor)
  }
}

// Links to pictures are signed with a user delegation key, which the account gives out, not the container.
resource signsLinks 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: data
  name: guid(data.id, principalId, roles.storageBlobDelegator)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.storageBlobDelegator)
  }
}

output hostName string = host.name
output packageContainerUrl string = '${host.properties.primaryEndpoints.blob}${package.name}'
output blobAccountUrl string = data.properties.primaryEndpoints.blob
