package promise

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
)

// Where the promises come from.
const (
	sourceHeroDocker = "hero_zero, The image (HERO_DOCKER)"
	sourceSecrets    = "hero_zero, The image (secrets)" //nolint:gosec // it is the name of a place
	sourceOwn        = "ours"
)

func image() []Promise {
	return []Promise{
		{
			ID: ImageNoWatchdog, Sentence: "No loop beside zinit starts services: neither the entry point nor any process that runs has one.",
			Source: sourceChecklist + "6", Severity: Blocking,
		},
		{
			ID: ImageStaysStopped, Sentence: "A service that was stopped through zinit stays down: nobody starts it again behind zinit's back.",
			Source: sourceChecklist + "6", Severity: Blocking,
		},
		{
			ID: ImageHeroDocker, Sentence: "HERO_DOCKER is set where hero_services runs.",
			Source: sourceHeroDocker, Severity: Blocking,
		},
		{
			ID: ImageHeroDockerBaked, Sentence: "The image sets HERO_DOCKER itself, whoever starts it.",
			Source: sourceOwn, Severity: Advisory,
		},
		{
			ID: ImageBinariesKept, Sentence: "Every program of the image is unchanged after a stop and a hard restart by hero_services.",
			Source: sourceHeroDocker, Severity: Blocking,
		},
		{
			ID: ImageSocketsPrivate, Sentence: "No unix socket of the image can be connected to by every user of the container.",
			Source: sourceOwn, Severity: Blocking,
		},
		{
			ID: ImageSecretLogs, Sentence: "No secret's value is in the container's log, or in a log of zinit.",
			Source: sourceSecrets, Severity: Blocking,
		},
		{
			ID: ImageSecretArguments, Sentence: "No secret's value is in the arguments of a process, or in a command that is registered.",
			Source: sourceSecrets, Severity: Blocking,
		},
		{
			ID: ImageSecretStatus, Sentence: "No secret's value is in what zinit reports of a service.",
			Source: sourceSecrets, Severity: Blocking,
		},
		{
			ID: ImageSecretFiles, Sentence: "No secret's value is written to a file.",
			Source: sourceOwn, Severity: Advisory,
		},
		{
			ID: ImageProbeTools, Sentence: "Every program that a registered health check calls is in the image and can be executed.",
			Source: sourceOwn, Severity: Blocking,
		},
	}
}
