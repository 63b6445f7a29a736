package promise

import "forge.ourworld.tf/lhumina_code/hero_chaos/suites/contract"

// The promises of the theme image.
const (
	ImageNoWatchdog      = "image.no-watchdog"
	ImageStaysStopped    = "image.stays-stopped"
	ImageHeroDocker      = "image.hero-docker"
	ImageHeroDockerBaked = "image.hero-docker-baked"
	ImageBinariesKept    = "image.binaries-kept"
	ImageSocketsPrivate  = "image.sockets-private"
	ImageSecretLogs      = "image.secret-logs"
	ImageSecretArguments = "image.secret-arguments"
	ImageSecretStatus    = "image.secret-status"
	ImageSecretFiles     = "image.secret-files"
	ImageProbeTools      = "image.probe-tools"
	ImagePorts           = "image.ports"
	ImageRPCPrivate      = "image.rpc-private"
	ImageAbstractSockets = "image.abstract-sockets"
	ImageWorldWritable   = "image.world-writable"
)

var image = []Promise{
	blocking(ImageNoWatchdog, "No loop beside zinit starts services, neither in the entry point nor in a running process.", from(contract.Checklist6)),
	blocking(ImageStaysStopped, "A service that was stopped through zinit stays down: nothing else starts it.", from(contract.Checklist6)),
	blocking(ImageHeroDocker, "HERO_DOCKER is set where hero_services runs.", from(contract.Image)),
	advisory(ImageHeroDockerBaked, "The image itself sets HERO_DOCKER.", from(contract.Ours)),
	blocking(ImageBinariesKept, "Every program of the image is unchanged after a stop and a hard restart by hero_services.", from(contract.Image)),
	blocking(ImageSocketsPrivate, "No unix socket of the image accepts connections from every user of the container.", from(contract.Exposure)),
	blocking(ImageSecretLogs, "No secret's value is in the container's log or in a log of zinit.", from(contract.Image)),
	blocking(ImageSecretArguments, "No secret's value is in the arguments of a process or in a registered command.", from(contract.Image)),
	blocking(ImageSecretStatus, "No secret's value is in what zinit reports about a service.", from(contract.Image, contract.Exposure)),
	advisory(ImageSecretFiles, "No secret's value is written to a file.", from(contract.Ours)),
	blocking(ImagePorts, "No TCP or UDP port can be reached from outside the container but those that the target file lists.", from(contract.Exposure)),
	blocking(ImageRPCPrivate, "The supervisor's RPC answers at no TCP port, and the supervisor listens at none.", from(contract.Exposure)),
	blocking(ImageAbstractSockets, "No process of the image listens at an abstract unix socket, which every user of the container may use.", from(contract.Exposure)),
	blocking(ImageWorldWritable, "No program that the image runs, no state of its supervisor, and no folder above them can be changed by every user.", from(contract.Exposure)),
	blocking(ImageProbeTools, "Every program that a registered health check calls is in the image and executable.", from(contract.Ours)),
}
