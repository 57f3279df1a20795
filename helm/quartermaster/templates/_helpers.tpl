{{- define "quartermaster.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "quartermaster.labels" -}}
app.kubernetes.io/name: quartermaster
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "quartermaster.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "quartermaster.internalTlsSecret" -}}
{{ .Values.internalTls.secret | default (printf "%s-internal-tls" (include "quartermaster.name" .)) }}
{{- end -}}

{{- define "quartermaster.gatewayTlsSecret" -}}
{{ .Values.gateway.tlsSecret | default (printf "%s-gateway-tls" (include "quartermaster.name" .)) }}
{{- end -}}

{{- define "quartermaster.administratorSecret" -}}
{{ .Values.gateway.administratorSecret | default (printf "%s-administrator" (include "quartermaster.name" .)) }}
{{- end -}}

{{/* One service's pod template and Deployment are the same but for the name. */}}
{{- define "quartermaster.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "quartermaster.volumes" -}}
- name: config
  configMap: {name: {{ include "quartermaster.name" . }}}
- name: database-passwords
  secret: {secretName: {{ required "database.passwordSecret: got nothing, want the name of a Secret" .Values.database.passwordSecret }}, defaultMode: 0440}
- name: internal-tls
  secret: {secretName: {{ include "quartermaster.internalTlsSecret" . }}, defaultMode: 0440}
- name: key-encryption-key
  secret: {secretName: {{ required "keyEncryptionKeySecret: got nothing, want the name of a Secret" .Values.keyEncryptionKeySecret }}, defaultMode: 0440}
- name: metrics-token
  secret: {secretName: {{ required "metrics.tokenSecret: got nothing, want the name of a Secret" .Values.metrics.tokenSecret }}, defaultMode: 0440}
- name: data
  emptyDir: {}
{{- end -}}

{{- define "quartermaster.mounts" -}}
- {name: config, mountPath: /etc/quartermaster, readOnly: true}
- {name: database-passwords, mountPath: /run/secrets/database, readOnly: true}
- {name: internal-tls, mountPath: /run/secrets/internal-tls, readOnly: true}
- {name: key-encryption-key, mountPath: /run/secrets/key-encryption-key, readOnly: true}
- {name: metrics-token, mountPath: /run/secrets/metrics, readOnly: true}
- {name: data, mountPath: /var/lib/quartermaster}
{{- end -}}
