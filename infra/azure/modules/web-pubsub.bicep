// Sockets. Clients get their tokens from the API and may only listen.
param location string
param tags object
param name string
param sizes object
param principalId string

var roles = loadJsonContent('../roles.json')

resource service 'Microsoft.SignalRService/webPubSub@2024-03-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: sizes.sku, capacity: sizes.units }
  properties: {
    disableLocalAuth: true
    disableAadAuth: false
    publicNetworkAccess: 'Enabled'
    tls: { clientCertEnabled: false }
  }
}

resource hub 'Microsoft.SignalRService/webPubSub/hubs@2024-03-01' = {
  parent: service
  name: 'notifications'
  properties: { anonymousConnectPolicy: 'deny' }
}

// Sends, closes connections, lists who is there, makes client tokens; the service has no lesser role that may.
resource serves 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: service
  name: guid(service.id, principalId, roles.webPubSubServiceOwner)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.webPubSubServiceOwner)
  }
}

output endpoint string = 'https://${service.properties.hostName}'
