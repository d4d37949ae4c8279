import Base
import Foundation
import NIOCore

/// Stylesheets, scripts and pictures of pages: read once, compressed once, served under addresses that contain their
/// hash and are kept for a year.
///
/// Modules that import each other by relative names do so by these addresses when they are served: each is loaded and run
/// once, whoever names it. The address without hash is served too, for whom it was given to, and is kept for a minute.
public final class Assets: Sendable {
    private struct Asset: Sendable {
        var bytes: ReadyBytes
        var mediaType: String
        var isHashed: Bool
    }

    private struct File: Input {
        var file: String

        static let fields: [Field] = [.path("file", .text(1...200))]
    }

    private struct Served: Answerable {
        static let content = Content.bytes

        var asset: Asset

        func answer(in context: RequestContext) -> Answer {
            var answer = Answer(body: .ready(asset.bytes))
            answer.mediaType = asset.mediaType
            if !asset.isHashed { answer.overridesCache = "public, max-age=60" }
            return answer
        }
    }

    private let addresses: [String: String]
    private let assets: [String: Asset]
    private let modules: ScriptModules

    init(_ bundles: [PageBundle]) throws(WebError) {
        var files: [String: Data] = [:]
        for bundle in bundles {
            for (file, data) in try bundle.files(in: "assets") { files["\(bundle.name)/\(file)"] = data }
        }
        modules = try ScriptModules(files)
        var addresses: [String: String] = [:]
        var assets: [String: Asset] = [:]
        for name in modules.order {
            guard let data = files[name] else { continue }
            let mediaType = MediaTypes.of(fileNamed: name)
            let bytes = ReadyBytes(
                ByteBuffer(bytes: modules.text(of: name, data, addresses: addresses)),
                isCompressible: MediaTypes.isCompressible(mediaType))
            let hash = bytes.validator.filter { $0 != "\"" }.prefix(10)
            let stem = name.prefix { $0 != "." }
            let hashed = "\(stem).\(hash)\(name.dropFirst(stem.count))"
            addresses[name] = "/assets/\(hashed)"
            assets[hashed] = Asset(bytes: bytes, mediaType: mediaType, isHashed: true)
            assets[name] = Asset(bytes: bytes, mediaType: mediaType, isHashed: false)
        }
        self.addresses = addresses
        self.assets = assets
    }

    /// The address of an asset, as in `tournament/feed.js`; `nil` when there is none.
    public func address(of name: String) -> String? { addresses[name] }

    /// The names of the modules that are loaded before some scripts run, without these: what they import, and what that
    /// imports.
    public func modules(for scripts: [String]) -> [String] {
        var found: [String] = []
        for name in scripts.flatMap(modules.loaded) where !found.contains(name) && !scripts.contains(name) {
            found.append(name)
        }
        return found
    }

    /// The route that serves them.
    public var route: Route {
        Route(
            .get, "/assets/{file...}", "web.getAsset", "A stylesheet, script or picture of the pages.", policy: .anyone,
            limit: .exempt(because: "files in memory that clients keep for a year"), budget: 0, cache: .immutable
        ) { [assets] (request: Request<File>) in
            guard let asset = assets[request.input.file] else {
                throw Problem(.notFound, "There is no such file.")
            }
            return Served(asset: asset)
        }
    }
}
