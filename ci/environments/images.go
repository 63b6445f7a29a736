package main

// derived returns an arrangement: hero_chaos starts an image that was made of the stand-in, with changes in the words of a Dockerfile.
func derived(changes ...string) func(*lab) error {
	return func(l *lab) error {
		if err := l.derive(changes...); err != nil {
			return err
		}
		l.args = append(l.args, "--image", l.image, few)
		return nil
	}
}

// listImages lists the environments of an image that hero_chaos starts.
func listImages() []environment {
	return []environment{
		{name: "own", arrange: own(few), line: noneFailed, code: codeRan},
		{name: "image-health-check", arrange: derived("HEALTHCHECK --interval=1s CMD zinit list"), line: noneFailed, code: codeRan},
		{name: "image-volume", arrange: derived("VOLUME /root/hero /data /root"), line: noneFailed, code: codeRan},
		{name: "image-wrapper", arrange: derived(`ENTRYPOINT ["/bin/sh", "-c", "exec /root/hero/bin/entrypoint", "sh"]`, `CMD ["serve"]`), line: noneFailed, code: codeRan},
		{name: "image-variables", arrange: derived("ENV TZ=Asia/Kathmandu", "ENV LC_ALL=C", "WORKDIR /made/for/this", "LABEL hero_chaos.session=other"), line: noneFailed, code: codeRan},
		{name: "image-user", page: "last lines: ", arrange: derived("USER 1000"), line: "last lines: ", code: codeError},
		{name: "image-by-id", arrange: imageByID, line: noneFailed, code: codeRan},
		{name: "image-unknown", page: "get image ...: this Docker does not have it", arrange: own("--image", "127.0.0.1:9/no/image:x", few), line: "this Docker does not have it, and the pull failed", code: codeError},
		{name: "image-without-entrypoint", page: "last lines: ", arrange: derived(`ENTRYPOINT ["/nothing"]`), line: "/nothing", code: codeError},
	}
}

// own returns an arrangement: hero_chaos starts the stand-in itself.
func own(args ...string) func(*lab) error {
	return func(l *lab) error {
		l.args = append(l.args, args...)
		return nil
	}
}

// imageByID names the image by its id.
func imageByID(l *lab) error {
	id, err := l.command("docker", "image", "inspect", "--format", "{{.ID}}", l.image)
	l.args = append(l.args, "--image", id, few)
	return err
}
