"""The fields of KubeRay's RayJob and RayCluster (ray.io/v1, KubeRay 1.5.1), to check files without it.

Pods and what they hold are Kubernetes' own, and open here.

Source:
    https://github.com/ray-project/kuberay/blob/v1.5.1/docs/reference/api.md
    https://github.com/ray-project/kuberay/blob/v1.5.1/ray-operator/controllers/ray/utils/validation.go
"""

from typing import Any

FIELDS = {
    "RayJob": "activeDeadlineSeconds:integer backoffLimit:integer clusterSelector:object deletionStrategy:object "
    "entrypoint:string entrypointNumCpus:number entrypointNumGpus:number entrypointResources:string jobId:string "
    "managedBy:string metadata:object rayClusterSpec:RayCluster runtimeEnvYAML:string shutdownAfterJobFinishes:boolean "
    "submissionMode:K8sJobMode|HTTPMode|InteractiveMode|SidecarMode submitterConfig:object submitterPodTemplate:object "
    "suspend:boolean ttlSecondsAfterFinished:integer",
    "RayCluster": "authOptions:AuthOptions autoscalerOptions:AutoscalerOptions enableInTreeAutoscaling:boolean "
    "gcsFaultToleranceOptions:object headGroupSpec:HeadGroup headServiceAnnotations:object managedBy:string "
    "rayVersion:string suspend:boolean upgradeStrategy:object workerGroupSpecs:[WorkerGroup]",
    "HeadGroup": "enableIngress:boolean headService:object labels:object rayStartParams:object resources:object "
    "serviceType:ClusterIP|NodePort|LoadBalancer template:object",
    "WorkerGroup": "groupName:string idleTimeoutSeconds:integer labels:object maxReplicas:integer minReplicas:integer "
    "numOfHosts:integer rayStartParams:object replicas:integer resources:object scaleStrategy:object suspend:boolean "
    "template:object",
    "AutoscalerOptions": "env:array envFrom:array idleTimeoutSeconds:integer image:string imagePullPolicy:string "
    "resources:object securityContext:object upscalingMode:Default|Aggressive|Conservative version:v1|v2 "
    "volumeMounts:array",
    "AuthOptions": "mode:token|disabled",
}
"""By kind, `field:type`: a type of JSON, a kind of this table, a list of such, or the values that there are."""

LONGEST_NAME = 47
"""Letters of a RayJob's or RayCluster's name: KubeRay's pods and services have it within theirs."""


def schemas() -> dict[str, Any]:
    """Return the table as `spelling.unknown` takes it."""
    fields = {kind: (field.partition(":") for field in line.split()) for kind, line in FIELDS.items()}
    return {kind: {"properties": {name: _field(said) for name, _, said in lines}} for kind, lines in fields.items()}


def _field(said: str) -> dict[str, Any]:
    if said.startswith("["):
        return {"type": "array", "items": _field(said.strip("[]"))}
    if "|" in said:
        return {"type": "string", "enum": said.split("|")}
    return {"$ref": said} if said in FIELDS else {"type": said}
