# Oracle's side: the audit log of the whole tenancy goes to a stream, which speaks Kafka, and Gnomon may read it.
#
#   terraform apply -var tenancy=ocid1.tenancy… -var compartment=ocid1.compartment… -var region=eu-frankfurt-1
#
# Who applies it needs, in the tenancy: manage stream-family, manage serviceconnectors, manage policies, manage
# dynamic-groups, read audit-events. What Gnomon gets: to read this stream and the audit log, as whatever runs in the
# compartment (instances and container instances prove themselves, no key is made). For reading from outside of Oracle
# the Kafka endpoint knows auth tokens only: give one to a user in `readers`, and keep it in a secret store.
terraform {
  required_version = ">= 1.6"
  required_providers {
    oci = { source = "oracle/oci", version = ">= 6.0" }
  }
}

variable "tenancy" { type = string }
variable "compartment" { type = string }
variable "region" { type = string }

provider "oci" {
  region = var.region
}

resource "oci_streaming_stream_pool" "gnomon" {
  compartment_id = var.compartment
  name           = "gnomon"
  kafka_settings { auto_create_topics_enable = false }
}

resource "oci_streaming_stream" "audit" {
  stream_pool_id     = oci_streaming_stream_pool.gnomon.id
  name               = "ai-logs"
  partitions         = 1
  retention_in_hours = 168
}

# The audit log is always on. All of it: how Oracle names the events of generative AI is documented for none of its
# services, and a filter that is wrong loses them without a word. What is not about AI Gnomon drops before its bus.
resource "oci_sch_service_connector" "audit" {
  compartment_id = var.compartment
  display_name   = "gnomon"
  source {
    kind = "logging"
    log_sources {
      compartment_id = var.tenancy
      log_group_id   = "_Audit_Include_Subcompartment"
    }
  }
  target {
    kind      = "streaming"
    stream_id = oci_streaming_stream.audit.id
  }
}

resource "oci_identity_policy" "connector" {
  compartment_id = var.tenancy
  name           = "gnomon-connector"
  description    = "The connector reads the audit log and writes to Gnomon's stream"
  statements = [
    "Allow any-user to read audit-events in tenancy where all {request.principal.type='serviceconnector', request.principal.compartment.id='${var.compartment}'}",
    "Allow any-user to use stream-push in compartment id ${var.compartment} where all {request.principal.type='serviceconnector', target.stream.id='${oci_streaming_stream.audit.id}'}",
  ]
}

resource "oci_identity_dynamic_group" "gnomon" {
  compartment_id = var.tenancy
  name           = "gnomon"
  description    = "Instances and container instances of Gnomon's compartment"
  matching_rule  = "Any {instance.compartment.id = '${var.compartment}', All {resource.type='computecontainerinstance', resource.compartment.id='${var.compartment}'}}"
}

resource "oci_identity_group" "readers" {
  compartment_id = var.tenancy
  name           = "gnomon-readers"
  description    = "Users with an auth token that read Gnomon's stream from outside"
}

resource "oci_identity_policy" "readers" {
  compartment_id = var.tenancy
  name           = "gnomon-readers"
  description    = "Gnomon reads its stream, and the audit log where it is asked directly"
  statements = [
    "Allow dynamic-group gnomon to use stream-pull in compartment id ${var.compartment} where target.stream.id='${oci_streaming_stream.audit.id}'",
    # oci.audit asks for the compartments that it is told, and looks for no others.
    "Allow dynamic-group gnomon to read audit-events in tenancy",
    "Allow group ${oci_identity_group.readers.name} to use stream-pull in compartment id ${var.compartment} where target.stream.id='${oci_streaming_stream.audit.id}'",
  ]
}

# For `collectors` in gnomon.yaml; the user is TENANCY/USER/POOL.
output "broker" {
  value = "cell-1.streaming.${var.region}.oci.oraclecloud.com:9092"
}
output "topic" {
  value = oci_streaming_stream.audit.name
}
output "pool" {
  value = oci_streaming_stream_pool.gnomon.id
}
