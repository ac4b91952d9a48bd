import Sanitizing

extension Recipe {
    /// The recipe without secrets in its addresses, for display.
    package var redacted: Recipe {
        Recipe(
            name: name, title: Redaction.text(title), version: version, importPath: importPath, source: source.redacted,
            libraries: libraries,
            upstreams: upstreams, toolchain: toolchain, target: target?.redacted, downloads: downloads.mapValues(\.redacted),
            package: package?.redacted, controlPlane: controlPlane, node: node?.redacted, layouts: layouts, series: series,
            compare: compare, leftOut: leftOut.mapValues(Redaction.text),
            code: code, measured: measured
        )
    }

    /// The secrets in its addresses, for removal from the text of its file.
    package var secrets: Secrets {
        var secrets = Secrets()
        let targets = [target, package?.wrapper].compactMap(\.self) + (package?.programs.values.map(\.target) ?? [])
        for address in source.addresses + downloads.values.flatMap({ $0.addresses + [$0.git?.url].compactMap(\.self) }) {
            secrets.note(address: address)
        }
        for target in targets { secrets.note(environment: target.environment) }
        return secrets
    }
}

extension SourceSpec {
    /// The download addresses in the recipe; empty if an index provides them.
    package var addresses: [String] {
        switch self {
        case .debian: []
        case .git(let spec): [spec.url]
        case .archive(let spec): spec.addresses
        }
    }

    fileprivate var redacted: SourceSpec {
        switch self {
        case .debian: self
        case .git(let spec): .git(GitSpec(url: Redaction.address(spec.url), reference: spec.reference))
        case .archive(let spec):
            .archive(ArchiveSpec(addresses: spec.addresses.map(Redaction.address), sha256: spec.sha256, bytes: spec.bytes))
        }
    }
}

extension DownloadSpec {
    fileprivate var redacted: DownloadSpec {
        DownloadSpec(
            addresses: addresses.map(Redaction.address), git: git.map { DownloadCommit(url: Redaction.address($0.url), commit: $0.commit) },
            sha256: sha256, tree: tree, bytes: bytes, unpack: unpack, file: file, strip: strip)
    }
}

extension Target {
    fileprivate var redacted: Target {
        var redacted = self
        redacted.flags = flags.map(Redaction.text)
        redacted.environment = environment.mapValues(Redaction.text)
        return redacted
    }
}

extension PackageSpec {
    fileprivate var redacted: PackageSpec {
        var redacted = self
        redacted.wrapper = wrapper.redacted
        redacted.programs = programs.mapValues { program in
            var program = program
            program.target = program.target.redacted
            return program
        }
        return redacted
    }
}

extension NodeSpec {
    fileprivate var redacted: NodeSpec {
        var redacted = self
        redacted.kubelet = kubelet.mapValues(Redaction.text)
        return redacted
    }
}
