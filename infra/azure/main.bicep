// Everything Marquee needs on Azure, in one resource group: `azd up` from the root of the project.
// What the declarations already say (containers, subscriptions, filters) is read from generated/, never repeated here.
targetScope = 'subscription'

@minLength(1)
@maxLength(40)
@description('Name of the environment; part of the resource group\'s name and of the hash in all others')
param environmentName string

@minLength(1)
@description('Region of everything; it must offer Flex Consumption')
@metadata({ azd: { type: 'location' } })
param location string

@allowed(['dev', 'prod'])
@description('Which sizes: parameters/dev.json or parameters/prod.json')
param profile string = 'dev'

@description('Where clients reach the API, when that is not the function app\'s own address')
param publicUrl string = ''

@description('Origins that browsers may call from, separated by commas')
param corsOrigins string = ''

@description('Sender of mail')
param mailFrom string = 'Marquee <no-reply@marquee.example>'

@description('Whether the vault has the secret SMTP-URL; without it no mail leaves')
param smtp bool = false

@description('Who is told of alerts; empty: they only show in the portal')
param alertEmail string = ''

@description('Name of the Cosmos DB account, once that is one restored from a backup; empty: the one made here')
param cosmosAccount string = ''

@description('Object id of who deploys, who writes the secrets the first time')
param deployerId string = deployer().objectId

var profiles = { dev: loadJsonContent('parameters/dev.json'), prod: loadJsonContent('parameters/prod.json') }
var sizes = profiles[profile]
var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var appName = 'func-marquee-${token}'
var address = empty(publicUrl) ? 'https://${appName}.azurewebsites.net' : publicUrl

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: { location: location, tags: tags, name: 'id-marquee-${token}' }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    sizes: sizes.monitoring
    principalId: identity.outputs.principalId
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    sizes: sizes.storage
    principalId: identity.outputs.principalId
  }
}

module cosmos 'modules/cosmos.bicep' = {
  name: 'cosmos'
  scope: group
  params: {
    location: location
    tags: tags
    name: empty(cosmosAccount) ? 'cosmos-marquee-${token}' : cosmosAccount
    sizes: sizes.cosmos
    principalId: identity.outputs.principalId
    workspaceId: monitoring.outputs.workspaceId
  }
}

module bus 'modules/service-bus.bicep' = {
  name: 'service-bus'
  scope: group
  params: {
    location: location
    tags: tags
    name: 'sb-marquee-${token}'
    sizes: sizes.serviceBus
    principalId: identity.outputs.principalId
  }
}

module realtime 'modules/web-pubsub.bicep' = {
  name: 'web-pubsub'
  scope: group
  params: {
    location: location
    tags: tags
    name: 'wps-marquee-${token}'
    sizes: sizes.webPubSub
    principalId: identity.outputs.principalId
  }
}

module vault 'modules/key-vault.bicep' = {
  name: 'key-vault'
  scope: group
  params: {
    location: location
    tags: tags
    name: 'kv-mq-${token}'
    sizes: sizes.keyVault
    principalId: identity.outputs.principalId
    deployerId: deployerId
  }
}

module redis 'modules/redis.bicep' = if (sizes.redis.enabled) {
  name: 'redis'
  scope: group
  params: {
    location: location
    tags: tags
    name: 'redismarquee${token}'
    sizes: sizes.redis
    principalId: identity.outputs.principalId
  }
}

module app 'modules/function-app.bicep' = {
  name: 'function-app'
  scope: group
  params: {
    location: location
    tags: tags
    name: appName
    sizes: sizes.app
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    insightsConnectionString: monitoring.outputs.connectionString
    hostStorageName: storage.outputs.hostName
    packageContainerUrl: storage.outputs.packageContainerUrl
    blobAccountUrl: storage.outputs.blobAccountUrl
    cosmosEndpoint: cosmos.outputs.endpoint
    cosmosDatabase: cosmos.outputs.database
    busNamespace: bus.outputs.namespace
    busTopic: bus.outputs.topic
    realtimeEndpoint: realtime.outputs.endpoint
    vaultUrl: vault.outputs.url
    redisUrl: sizes.redis.enabled ? redis!.outputs.url : ''
    publicUrl: address
    corsOrigins: corsOrigins
    mailFrom: mailFrom
    smtp: smtp
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: tags
    token: token
    limits: sizes.alerts
    dailyGB: sizes.monitoring.dailyGB
    email: alertEmail
    insightsId: monitoring.outputs.insightsId
    workspaceId: monitoring.outputs.workspaceId
    cosmosId: cosmos.outputs.id
    busId: bus.outputs.id
  }
}

output AZURE_COSMOS_ACCOUNT_NAME string = cosmos.outputs.name
output AZURE_LOCATION string = location
output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_FUNCTION_APP_ID string = app.outputs.id
output AZURE_FUNCTION_APP_NAME string = app.outputs.name
output AZURE_KEY_VAULT_ENDPOINT string = vault.outputs.url
output AZURE_SERVICE_BUS_TOPIC_ID string = bus.outputs.topicId
output SERVICE_API_URI string = app.outputs.url
