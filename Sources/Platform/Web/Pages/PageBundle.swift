public import Foundation

/// A folder with the `templates` and `assets` of one module, known by its name: `tournament/feed`, `tournament/feed.js`.
public struct PageBundle: Sendable {
    /// The name before the slash.
    public let name: String
    /// The folder that holds `templates` and `assets`.
    public let folder: URL

    /// Names a folder.
    public init(_ name: String, folder: URL) {
        self.name = name
        self.folder = folder
    }

    /// The platform's own: layout, design system, icons.
    public static var web: PageBundle {
        PageBundle("web", folder: Bundle.module.bundleURL.appendingPathComponent("Resources"))
    }

    func files(in part: String, limit: Int = 512) throws(WebError) -> [(name: String, data: Data)] {
        let folder = folder.appendingPathComponent(part)
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".") }
            guard names.count <= limit else {
                throw WebError(.invalidResource, "There are more than \(limit) files in \(name)/\(part).")
            }
            return try names.sorted().map { ($0, try Data(contentsOf: folder.appendingPathComponent($0))) }
        } catch let error as WebError {
            throw error
        } catch {
            throw WebError(.invalidResource, "The files in \(name)/\(part) cannot be read.", underlying: error)
        }
    }
}
