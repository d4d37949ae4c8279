import Base
import Blobs
import BlobsS3
import Foundation
import Hosting
import Limits
import Outbound
import Telemetry

/// Where files are, when they are in an S3 store: `s3://BUCKET/PREFIX?endpoint=URL&region=NAME&style=path`.
struct BlobsAddress {
    let options: S3Options

    init(_ text: String) throws(Failure) {
        let wrong = Failure.usedWrongly(
            "the files' address must be s3://BUCKET?endpoint=URL&region=NAME, with style=path or style=host if need be")
        guard let parts = URLComponents(string: text), parts.scheme == "s3", let bucket = parts.host else {
            throw wrong
        }
        var endpoint: OutboundAddress?
        var region = "us-east-1"
        var style: S3Options.Style?
        for item in parts.queryItems ?? [] {
            switch (item.name, item.value) {
            case ("endpoint", let value?):
                guard let address = OutboundAddress(value) else { throw wrong }
                endpoint = address
            case ("region", let value?): region = value
            case ("style", let value?):
                guard let named = S3Options.Style(rawValue: value) else { throw wrong }
                style = named
            default: throw wrong
            }
        }
        let folder = parts.path.split(separator: "/").joined(separator: "/")
        guard
            let options = S3Options(
                bucket: bucket, endpoint: endpoint, region: region, style: style,
                prefix: folder.isEmpty ? "" : folder + "/")
        else { throw wrong }
        self.options = options
    }
}

extension Installation {
    /// Whom push services may write to.
    var pushContact: String {
        settings.text(PlatformSettings.pushContact)
            ?? "mailto:postmaster@\(settings.text(PlatformSettings.baseDomain) ?? "localhost")"
    }

    /// The public base address of files, and its origin; `nil` without a delivery network.
    func filesBase() throws(Failure) -> (text: String, origin: String)? {
        guard let text = settings.text(PlatformSettings.blobsPublic), !text.isEmpty else { return nil }
        let trimmed = text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let address = OutboundAddress(trimmed), address.query == nil else {
            throw .usedWrongly(
                "blobs.public must be an address such as https://cdn.example.com, with or without a path")
        }
        return (address.path == "/" ? address.origin : address.origin + address.path, address.origin)
    }

    /// How the outside world may be called.
    func outboundOptions() throws(Failure) -> OutboundOptions {
        let entries = (settings.text(PlatformSettings.outboundAllow) ?? "").split(separator: ",")
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        guard let rule = AddressRule(allowing: entries) else {
            throw .usedWrongly(
                "outbound.allow must list hosts, addresses or blocks, as in store.internal,10.0.0.0/8")
        }
        let trust = settings.text(PlatformSettings.outboundTrust)
        if let trust, !FileManager.default.isReadableFile(atPath: trust) {
            throw .usedWrongly("outbound.trust names \(trust), which cannot be read")
        }
        return OutboundOptions(rule: rule, trustFile: trust)
    }

    /// Opens the store of files: a folder, or a bucket.
    ///
    /// A bucket that refuses us, or is not there, ends the start; one that does not answer does not: what needs no files
    /// is served.
    func openBlobs(on ground: Ground) async throws -> any BlobStore {
        guard let text = settings.text(PlatformSettings.blobs) else {
            return try await DiskBlobs(
                root: dataFolder + "/blobs", clock: clock, randomness: randomness, events: ground.events)
        }
        let address = try BlobsAddress(text)
        guard let key = settings.secret(PlatformSettings.blobsKey),
            let secret = settings.secret(PlatformSettings.blobsSecret)
        else { throw Failure.usedWrongly("files in an S3 store need its key pair: set blobs.key and blobs.secret") }
        let blobs = S3Blobs(
            address.options, S3Credentials(keyID: key.reveal { $0 }, secret: secret),
            through: Dependency(
                "blobs", through: ground.outbound, clock: clock, randomness: randomness, in: ground.limits),
            clock: clock, randomness: randomness, events: ground.events)
        do throws(BlobsError) {
            try await blobs.check()
            try await blobs.removeAbandoned()
        } catch {
            guard error.context["status"] == nil else { throw Failure.failed(error.message) }
            guard (error.underlying as? DependencyError)?.code != .refused else { throw Failure.failed(error.message) }
            ground.events.record(.blobFailed, ["code": .text(error.code.rawValue), "operation": "check"])
        }
        return blobs
    }
}
