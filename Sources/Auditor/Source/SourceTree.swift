import Foundation

/// The files of an application, and what they are by their names.
struct SourceTree: Sendable {
    enum Kind: Sendable, Hashable {
        case script, prisma, sql, swift, manifest, deployment, other
    }

    struct File: Sendable, Hashable {
        /// Relative to the root.
        var path: String
        var kind: Kind
        var bytes: Int
    }

    private enum Bounds {
        static let files = 200_000
        static let textBytes = 8 << 20
    }

    private static let skipped: Set<String> = [
        "node_modules", ".git", ".next", "dist", "build", "out", "coverage", "vendor", ".turbo", ".vercel", ".build",
        ".venv",
    ]

    let root: URL
    let files: [File]
    /// Whether there were more files than are looked at.
    let isCut: Bool

    /// Lists the files below a folder.
    init(_ root: URL) {
        self.root = root.resolvingSymlinksInPath()
        var found: [File] = []
        var isCut = false
        let base = self.root.path
        let walker = FileManager.default.enumerator(
            at: self.root, includingPropertiesForKeys: [.isDirectoryKey, .fileSizeKey, .isSymbolicLinkKey])
        while let entry = walker?.nextObject() as? URL {
            // A file that went away while the folder was read is not there.
            guard let values = try? entry.resourceValues(forKeys: [.isDirectoryKey, .fileSizeKey, .isSymbolicLinkKey])
            else { continue }
            if values.isDirectory == true {
                if Self.skipped.contains(entry.lastPathComponent) { walker?.skipDescendants() }
                continue
            }
            guard values.isSymbolicLink != true, entry.path.hasPrefix(base + "/") else { continue }
            guard found.count < Bounds.files else {
                isCut = true
                break
            }
            let path = String(entry.path.dropFirst(base.count + 1))
            found.append(File(path: path, kind: Self.kind(path), bytes: values.fileSize ?? 0))
        }
        files = found.sorted { $0.path < $1.path }
        self.isCut = isCut
    }

    /// Files of a kind, in the order of their paths.
    func files(_ kind: Kind) -> [File] { files.filter { $0.kind == kind } }

    /// A file's text; `nil` when it cannot be read, is no text, or is too long.
    func text(_ file: File) -> String? {
        guard file.bytes <= Bounds.textBytes else { return nil }
        // What cannot be read is not examined; whoever asks says so.
        return try? String(contentsOf: root.appending(path: file.path), encoding: .utf8)
    }

    /// Lines of the scripts, counted without decoding them.
    func scriptLines() -> Int {
        files(.script).reduce(0) { sum, file in
            // The same.
            guard let data = try? Data(contentsOf: root.appending(path: file.path), options: .alwaysMapped) else {
                return sum
            }
            return sum + data.withUnsafeBytes { bytes in bytes.count { $0 == 0x0A } }
        }
    }

    private static func kind(_ path: String) -> Kind {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        if name == "package.json" { return .manifest }
        if ["vercel.json", "Dockerfile", "docker-compose.yml", "fly.toml", "render.yaml"].contains(name) {
            return .deployment
        }
        switch name.split(separator: ".").last {
        case "ts", "tsx", "js", "jsx", "mjs", "cjs", "mts", "cts": return name.hasSuffix(".d.ts") ? .other : .script
        case "prisma": return .prisma
        case "sql": return .sql
        case "swift": return .swift
        default: return .other
        }
    }
}
