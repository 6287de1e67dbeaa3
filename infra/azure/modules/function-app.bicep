// The function app on Flex Consumption. Every connection is by identity; secrets are references to the vault.
param location string
param tags object
param name string
param sizes object
param identityId string
param identityClientId string
param insightsConnectionString string
param hostStorageName string
param packageContainerUrl string
param blobAccountUrl string
param cosmosEndpoint string
param cosmosDatabase string
param busNamespace string
param busTopic string
param realtimeEndpoint string
param vaultUrl string
param redisUrl string
param publicUrl string
param corsOrigins string
param mailFrom string
param smtp bool

// What the host and the SDKs read. The names with two underscores are the triggers' connections.
var hostSettings = {
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
  // The host chooses by the trace id as we do, so that a trace is whole or not there.
  OTEL_TRACES_SAMPLER: 'microsoft.fixed_percentage'
  OTEL_TRACES_SAMPLER_ARG: sizes.telemetryShare
  AZURE_CLIENT_ID: identityClientId
  AzureWebJobsStorage__accountName: hostStorageName
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  Cosmos__accountEndpoint: cosmosEndpoint
  Cosmos__credential: 'managedidentity'
  Cosmos__clientId: identityClientId
  ServiceBus__fullyQualifiedNamespace: busNamespace
  ServiceBus__credential: 'managedidentity'
  ServiceBus__clientId: identityClientId
}

// What shared/platform/config.ts reads.
var settings = {
  PUBLIC_URL: publicUrl
  CORS_ORIGINS: corsOrigins
  LOG_LEVEL: sizes.logLevel
  TELEMETRY_SHARE: sizes.telemetryShare
  DATA_DIR: '/tmp/marquee'
  MAIL_FROM: mailFrom
  COSMOS_ENDPOINT: cosmosEndpoint
  COSMOS_DATABASE: cosmosDatabase
  BLOB_ACCOUNT_URL: blobAccountUrl
  SERVICE_BUS_NAMESPACE: busNamespace
  SERVICE_BUS_TOPIC: busTopic
  WEB_PUBSUB_ENDPOINT: realtimeEndpoint
  SIGNING_KEYS: '@Microsoft.KeyVault(SecretUri=${vaultUrl}secrets/SIGNING-KEYS)'
  LINK_SECRET: '@Microsoft.KeyVault(SecretUri=${vaultUrl}secrets/LINK-SECRET)'
}
var smtpSettings = { SMTP_URL: '@Microsoft.KeyVault(SecretUri=${vaultUrl}secrets/SMTP-URL)' }
var redisSettings = { REDIS_URL: redisUrl }

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: identityId
    siteConfig: { minTlsVersion: '1.2' }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      runtime: { name: 'node', version: '22' }
      scaleAndConcurrency: {
        instanceMemoryMB: sizes.instanceMemoryMB
        maximumInstanceCount: sizes.maximumInstanceCount
        alwaysReady: sizes.alwaysReady
        triggers: { http: { perInstanceConcurrency: sizes.httpConcurrency } }
      }
    }
  }
}

resource appSettings 'Microsoft.Web/sites/config@2024-04-01' = {
  parent: app
  name: 'appsettings'
  properties: union(hostSettings, settings, smtp ? smtpSettings : {}, empty(redisUrl) ? {} : redisSettings)
}

// Passwords for uploading code: there are none; azd comes with a token.
resource noFtpPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'ftp'
  properties: { allow: false }
}

resource noScmPassword 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = {
  parent: app
  name: 'scm'
  properties: { allow: false }
}

output id string = app.id
output name string = app.name
output url string = 'https://${app.properties.defaultHostName}/api'
