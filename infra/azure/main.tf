# Azure's side: what Azure logs about AI goes to an event hub, and Gnomon reads it there as an application that proves
# itself with its role in AWS. No secret is made.
#
#   aws iam enable-outbound-web-identity-federation        (once; it tells aws_issuer)
#   terraform apply -var subscription=… -var aws_issuer=https://….tokens.sts.global.api.aws -var aws_role=arn:aws:iam::…:role/gnomon-collect
#
# Who applies it needs: Contributor and Role Based Access Control Administrator on the subscription, and Application
# Administrator in Entra. What Gnomon gets: Azure Event Hubs Data Receiver on one event hub; and where `cost_container` is
# given, Storage Blob Data Reader on that container, for `azure.cost-exports`.
terraform {
  required_version = ">= 1.6"
  required_providers {
    azurerm = { source = "hashicorp/azurerm", version = "~> 4.0" }
    azuread = { source = "hashicorp/azuread", version = "~> 3.0" }
  }
}

variable "subscription" { type = string }
variable "location" {
  type        = string
  default     = "westeurope"
  description = "Diagnostic settings reach event hubs of their own region only: one of these for each region in use"
}
variable "aws_issuer" { type = string }
variable "aws_role" { type = string }
variable "accounts" {
  type        = set(string)
  default     = []
  description = "Resource ids of Azure OpenAI and AI Foundry accounts, /subscriptions/…/Microsoft.CognitiveServices/accounts/…"
}

variable "cost_container" {
  type        = string
  default     = ""
  description = "Resource id of the container that Cost Management exports to, /subscriptions/…/storageAccounts/…/blobServices/default/containers/…"
}

provider "azurerm" {
  subscription_id = var.subscription
  features {}
}

data "azurerm_subscription" "this" {}

resource "azurerm_resource_group" "gnomon" {
  name     = "gnomon"
  location = var.location
}

# Standard: Basic has no Kafka endpoint.
resource "azurerm_eventhub_namespace" "gnomon" {
  name                 = "gnomon-${substr(sha1(var.subscription), 0, 8)}"
  resource_group_name  = azurerm_resource_group.gnomon.name
  location             = var.location
  sku                  = "Standard"
  capacity             = 1
  auto_inflate_enabled = true
  # 1 MB/s in each.
  maximum_throughput_units = 4
  minimum_tls_version      = "1.2"
}

resource "azurerm_eventhub" "logs" {
  name              = "ai-logs"
  namespace_id      = azurerm_eventhub_namespace.gnomon.id
  partition_count   = 4
  message_retention = 7
}

# Azure Monitor writes with a rule of the namespace and wants all three rights. Its keys are never read.
resource "azurerm_eventhub_namespace_authorization_rule" "monitor" {
  name                = "azure-monitor"
  namespace_name      = azurerm_eventhub_namespace.gnomon.name
  resource_group_name = azurerm_resource_group.gnomon.name
  listen              = true
  send                = true
  manage              = true
}

# Who called which model, and how many tokens. Off until this is made, for each account; Azure Policy does it for all.
# Nothing of API Management: its GatewayLlmLogs may hold whole conversations, and no source of Gnomon reads them yet.
resource "azurerm_monitor_diagnostic_setting" "accounts" {
  for_each                       = var.accounts
  name                           = "gnomon"
  target_resource_id             = each.value
  eventhub_name                  = azurerm_eventhub.logs.name
  eventhub_authorization_rule_id = azurerm_eventhub_namespace_authorization_rule.monitor.id
  enabled_log { category = "Audit" }
  enabled_log { category = "RequestResponse" }
  enabled_log { category = "AzureOpenAIRequestUsage" }
}

# Who made accounts, deployments and keys, and who loosened what.
resource "azurerm_monitor_diagnostic_setting" "subscription" {
  name                           = "gnomon"
  target_resource_id             = data.azurerm_subscription.this.id
  eventhub_name                  = azurerm_eventhub.logs.name
  eventhub_authorization_rule_id = azurerm_eventhub_namespace_authorization_rule.monitor.id
  enabled_log { category = "Administrative" }
  enabled_log { category = "Policy" }
}

# Entra takes a token that AWS signed for that role, and gives one of its own, for an hour.
resource "azuread_application" "gnomon" {
  display_name = "gnomon"
}

resource "azuread_service_principal" "gnomon" {
  client_id = azuread_application.gnomon.client_id
}

resource "azuread_application_federated_identity_credential" "aws" {
  application_id = azuread_application.gnomon.id
  display_name   = "gnomon-collect"
  issuer         = var.aws_issuer
  subject        = var.aws_role
  audiences      = ["api://AzureADTokenExchange"]
}

resource "azurerm_role_assignment" "receiver" {
  scope                = azurerm_eventhub.logs.id
  role_definition_name = "Azure Event Hubs Data Receiver"
  principal_id         = azuread_service_principal.gnomon.object_id
}

# Bills: exports are made in Cost Management, as CSV.
resource "azurerm_role_assignment" "bills" {
  count                = var.cost_container == "" ? 0 : 1
  scope                = var.cost_container
  role_definition_name = "Storage Blob Data Reader"
  principal_id         = azuread_service_principal.gnomon.object_id
}

# For `collectors` in gnomon.yaml, and for the environment of collect (docs/deploy.md).
output "broker" {
  value = "${azurerm_eventhub_namespace.gnomon.name}.servicebus.windows.net:9093"
}
output "topic" {
  value = azurerm_eventhub.logs.name
}
output "AZURE_TENANT_ID" {
  value = data.azurerm_subscription.this.tenant_id
}
output "AZURE_CLIENT_ID" {
  value = azuread_application.gnomon.client_id
}
