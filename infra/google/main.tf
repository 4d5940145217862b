# Google's side: what Google Cloud logs about AI, of every project of the organization, goes to a log bucket that Gnomon
# reads as a service account, which its role in AWS stands for. No key is made. And, where `receive` is known, to Pub/Sub,
# which pushes it there within seconds.
#
#   terraform apply -var organization=123456789012 -var project=… -var aws_account=… [-var receive=https://…]
#
# Who applies it needs: roles/logging.configWriter and roles/resourcemanager.organizationAdmin on the organization, and on
# the project roles/logging.admin, roles/pubsub.admin, roles/iam.workloadIdentityPoolAdmin, roles/iam.serviceAccountAdmin.
# What Gnomon gets: roles/logging.viewAccessor on one view; and where `billing_dataset` is given, roles/bigquery.dataViewer
# on that dataset and roles/bigquery.jobUser on its project, for `gcp.billing-export`.
terraform {
  required_version = ">= 1.6"
  required_providers {
    google = { source = "hashicorp/google", version = "~> 6.0" }
  }
}

variable "organization" { type = string }
variable "project" { type = string }
variable "location" {
  type    = string
  default = "eu"
}
variable "aws_account" { type = string }
variable "aws_role" {
  type    = string
  default = "gnomon-collect"
}
variable "billing_dataset" {
  type        = string
  default     = ""
  description = "project.dataset that Cloud Billing exports to (Billing → Billing export); empty, bills are not read"
}
variable "receive" {
  type        = string
  default     = ""
  description = "Where Gnomon's HTTP API is, https://….execute-api.….amazonaws.com; empty, nothing is pushed"
}
variable "receive_secret" {
  type        = string
  default     = ""
  sensitive   = true
  description = "What senders show: aws secretsmanager get-secret-value --secret-id gnomon/receive"
}

provider "google" {
  project = var.project
}

data "google_project" "this" {}

locals {
  services = [
    "aiplatform.googleapis.com", "generativelanguage.googleapis.com", "cloudaicompanion.googleapis.com",
    "businessaicode.googleapis.com", "discoveryengine.googleapis.com", "claude.googleapis.com",
  ]
  keepers = [
    "serviceusage.googleapis.com", "servicemanagement.googleapis.com", "apikeys.googleapis.com",
    "logging.googleapis.com", "orgpolicy.googleapis.com", "modelarmor.googleapis.com",
  ]
  about_ai = "protoPayload.serviceName=(${join(" OR ", [for service in local.services : "\"${service}\""])})"
  filter = join(" OR ", [
    "(log_id(\"cloudaudit.googleapis.com/activity\") AND protoPayload.serviceName=(${join(" OR ", [for service in concat(local.services, local.keepers) : "\"${service}\""])}))",
    "(log_id(\"cloudaudit.googleapis.com/activity\") AND protoPayload.methodName:\"SetIamPolicy\")",
    "(log_id(\"cloudaudit.googleapis.com/data_access\") AND ${local.about_ai})",
    "(log_id(\"cloudaudit.googleapis.com/policy\") AND ${local.about_ai})",
  ])
}

# Predictions are data access, which is not logged until this is made. It replaces what was said of these services before.
resource "google_organization_iam_audit_config" "predictions" {
  for_each = toset(["aiplatform.googleapis.com", "generativelanguage.googleapis.com", "discoveryengine.googleapis.com"])
  org_id   = var.organization
  service  = each.value
  audit_log_config { log_type = "DATA_READ" }
  audit_log_config { log_type = "DATA_WRITE" }
}

resource "google_logging_project_bucket_config" "gnomon" {
  project        = var.project
  location       = var.location
  bucket_id      = "gnomon"
  retention_days = 30
}

resource "google_logging_log_view" "gnomon" {
  name   = "gnomon"
  bucket = google_logging_project_bucket_config.gnomon.id
}

resource "google_logging_organization_sink" "bucket" {
  name             = "gnomon"
  org_id           = var.organization
  include_children = true
  filter           = local.filter
  destination      = "logging.googleapis.com/${google_logging_project_bucket_config.gnomon.id}"
}

resource "google_project_iam_member" "sink" {
  project = var.project
  role    = "roles/logging.bucketWriter"
  member  = google_logging_organization_sink.bucket.writer_identity
}

# The role in AWS stands for the service account, for an hour.
resource "google_service_account" "gnomon" {
  account_id   = "gnomon"
  display_name = "Gnomon reads logs about AI"
}

resource "google_iam_workload_identity_pool" "gnomon" {
  workload_identity_pool_id = "gnomon"
}

resource "google_iam_workload_identity_pool_provider" "aws" {
  workload_identity_pool_id          = google_iam_workload_identity_pool.gnomon.workload_identity_pool_id
  workload_identity_pool_provider_id = "aws"
  aws { account_id = var.aws_account }
  attribute_mapping = {
    "google.subject"     = "assertion.arn"
    "attribute.aws_role" = "assertion.arn.extract('assumed-role/{role}/')"
  }
  attribute_condition = "attribute.aws_role == '${var.aws_role}'"
}

resource "google_service_account_iam_member" "aws" {
  service_account_id = google_service_account.gnomon.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.gnomon.name}/attribute.aws_role/${var.aws_role}"
}

resource "google_logging_log_view_iam_member" "gnomon" {
  parent   = "projects/${var.project}"
  location = var.location
  bucket   = google_logging_project_bucket_config.gnomon.bucket_id
  name     = google_logging_log_view.gnomon.name
  role     = "roles/logging.viewAccessor"
  member   = google_service_account.gnomon.member
}

# Bills: the export is switched on by hand, in the console only.
resource "google_bigquery_dataset_iam_member" "bills" {
  count      = var.billing_dataset == "" ? 0 : 1
  project    = split(".", var.billing_dataset)[0]
  dataset_id = split(".", var.billing_dataset)[1]
  role       = "roles/bigquery.dataViewer"
  member     = google_service_account.gnomon.member
}

resource "google_project_iam_member" "queries" {
  count   = var.billing_dataset == "" ? 0 : 1
  project = split(".", var.billing_dataset)[0]
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.gnomon.member
}

# Pushed: the same entries, within seconds. The merge makes the overlap harmless; one of both is enough.
resource "google_pubsub_topic" "gnomon" {
  count = var.receive == "" ? 0 : 1
  name  = "gnomon-ai-logs"
}

resource "google_logging_organization_sink" "topic" {
  count            = var.receive == "" ? 0 : 1
  name             = "gnomon-push"
  org_id           = var.organization
  include_children = true
  filter           = local.filter
  destination      = "pubsub.googleapis.com/${google_pubsub_topic.gnomon[0].id}"
}

resource "google_pubsub_topic_iam_member" "sink" {
  count  = var.receive == "" ? 0 : 1
  topic  = google_pubsub_topic.gnomon[0].name
  role   = "roles/pubsub.publisher"
  member = google_logging_organization_sink.topic[0].writer_identity
}

resource "google_pubsub_subscription" "push" {
  count                      = var.receive == "" ? 0 : 1
  name                       = "gnomon"
  topic                      = google_pubsub_topic.gnomon[0].name
  message_retention_duration = "604800s"
  expiration_policy { ttl = "" }
  retry_policy { maximum_backoff = "600s" }
  push_config { push_endpoint = "${var.receive}/v1/events?token=${var.receive_secret}" }
}

# For `collectors` in gnomon.yaml. The credential is no secret:
#   gcloud iam workload-identity-pools create-cred-config PROVIDER --service-account=ACCOUNT --aws --output-file=google.json
output "resource" {
  value = "${google_logging_project_bucket_config.gnomon.id}/views/${google_logging_log_view.gnomon.name}"
}
output "provider" {
  value = google_iam_workload_identity_pool_provider.aws.name
}
output "account" {
  value = google_service_account.gnomon.email
}
