{{- define "antiphon.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "antiphon.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains (include "antiphon.name" .) .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "antiphon.name" .) | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "antiphon.selector" -}}
app.kubernetes.io/name: {{ include "antiphon.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "antiphon.labels" -}}
{{ include "antiphon.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "antiphon.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- define "antiphon.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "antiphon.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* The address of the database, from the Secret that is yours or the one that is named. */}}
{{- define "antiphon.databaseVariable" -}}
- name: ANTIPHON_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ default .own .Values.database.existingSecret }}
      key: {{ if .Values.database.existingSecret }}{{ .Values.database.existingSecretKey }}{{ else }}database-url{{ end }}
{{- end }}

{{/* What every process of ours is told, beside its configuration. */}}
{{- define "antiphon.variables" -}}
{{ include "antiphon.databaseVariable" (merge (dict "own" (printf "%s-addresses" (include "antiphon.fullname" .))) .) }}
{{- if or .Values.redis.url .Values.redis.existingSecret }}
- name: ANTIPHON_REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ default (printf "%s-addresses" (include "antiphon.fullname" .)) .Values.redis.existingSecret }}
      key: {{ if .Values.redis.existingSecret }}{{ .Values.redis.existingSecretKey }}{{ else }}redis-url{{ end }}
{{- end }}
- name: ANTIPHON_HOST
  value: 0.0.0.0
- name: ANTIPHON_SERVER__SHUTDOWN_SECONDS
  value: {{ .Values.shutdownSeconds | quote }}
{{- if .Values.migrations.enabled }}
- name: ANTIPHON_DATABASE__MIGRATE_ON_START
  value: "false"
{{- end }}
{{- end }}

{{/* Asked at the port that goes by the name `port`. */}}
{{- define "antiphon.probes" -}}
startupProbe:
  httpGet:
    path: /health
    port: {{ .port }}
  {{- toYaml .Values.startupProbe | nindent 2 }}
readinessProbe:
  httpGet:
    path: /health/ready
    port: {{ .port }}
  {{- toYaml .Values.readinessProbe | nindent 2 }}
livenessProbe:
  httpGet:
    path: /health
    port: {{ .port }}
  {{- toYaml .Values.livenessProbe | nindent 2 }}
{{- end }}

{{- define "antiphon.variablesFrom" -}}
- secretRef:
    name: {{ default (include "antiphon.fullname" .) .Values.existingSecret }}
{{- with .Values.envFrom }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Pods are made anew when what they read has changed. */}}
{{- define "antiphon.checksums" -}}
checksum/config: {{ toYaml .Values.config | sha256sum }}
checksum/secrets: {{ printf "%s%s%s" (toYaml .Values.secrets) .Values.database.url .Values.redis.url | sha256sum }}
{{- end }}

{{- define "antiphon.mounts" -}}
- name: config
  mountPath: /etc/antiphon
  readOnly: true
- name: data
  mountPath: /var/lib/antiphon
- name: tmp
  mountPath: /tmp
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "antiphon.volumes" -}}
- name: config
  configMap:
    name: {{ include "antiphon.fullname" . }}
- name: data
  emptyDir: {}
- name: tmp
  emptyDir: {}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* How pods are placed; `component` tells which of ours are spread. */}}
{{- define "antiphon.placing" -}}
topologySpreadConstraints:
  {{- if .Values.topologySpreadConstraints }}
  {{- toYaml .Values.topologySpreadConstraints | nindent 2 }}
  {{- else }}
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "antiphon.selector" $ | nindent 8 }}
        app.kubernetes.io/component: {{ $.component }}
  {{- end }}
  {{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* What all of our pods have in common. */}}
{{- define "antiphon.pod" -}}
automountServiceAccountToken: false
# Kubernetes' own variables for services (ANTIPHON_PORT=tcp://…) are not ours.
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- end }}

{{/* What cannot work is refused before anything is made. */}}
{{- define "antiphon.checked" -}}
{{- if not (or .Values.database.url .Values.database.existingSecret) }}
{{- fail "Replicas share a PostgreSQL: say database.url, or database.existingSecret and its key." }}
{{- end }}
{{- if and .Values.database.url (not (hasPrefix "postgres" .Values.database.url)) }}
{{- fail "database.url must be postgresql://…: pods have no disk that they could share." }}
{{- end }}
{{- if not (or .Values.existingSecret (index .Values.secrets "ANTIPHON_MASTER_KEY")) }}
{{- fail "Replicas need one master key: say secrets.ANTIPHON_MASTER_KEY, or existingSecret with that key in it." }}
{{- end }}
{{- if and .Values.serviceMonitor.enabled (not (or .Values.existingSecret (index .Values.secrets .Values.serviceMonitor.secretKey))) }}
{{- fail (printf "Prometheus needs a key to /metrics: say secrets.%s, or existingSecret with that key in it." .Values.serviceMonitor.secretKey) }}
{{- end }}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) }}
{{- fail "ingress.hosts is empty: say which names are Antiphon's." }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
{{- fail "httpRoute.parentRefs is empty: say which gateways lead here." }}
{{- end }}
{{- end }}
