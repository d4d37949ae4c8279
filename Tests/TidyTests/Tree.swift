import Foundation

/// The repository as text.
struct Tree: Sendable {
    /// Swift files under Sources, Tests, Benchmarks and Examples.
    var files: [SourceFile]
    /// Markdown files: path and text.
    var documents: [(path: String, text: String)]
    /// Every file and folder, relative to the root.
    var paths: Set<String>
    var map: FloorMap

    init(files: [SourceFile], documents: [(path: String, text: String)] = [], paths: Set<String> = [], map: FloorMap) {
        self.files = files
        self.documents = documents
        self.paths = paths
        self.map = map
    }

    /// Reads the tree that this file is part of.
    static let real: Tree = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let package = SourceFile(path: "Package.swift", text: read(root + "/Package.swift"))
        var tree = Tree(files: [], map: FloorMap(package))
        for path in list(root, "") {
            tree.paths.insert(path)
            if path.hasSuffix(".swift"), !path.hasSuffix("Package.swift") {
                tree.files.append(SourceFile(path: path, text: read(root + "/" + path)))
            } else if path.hasSuffix(".md") {
                tree.documents.append((path, read(root + "/" + path)))
            }
        }
        return tree
    }()

    private static let skipped: Set<String> = [".build", ".git", ".tools", ".swiftpm", "capstan-data", "node_modules"]

    private static func list(_ root: String, _ folder: String) -> [String] {
        var found: [String] = []
        // What cannot be listed is reported by the test that looks for known files.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)) ?? []
        for name in names.sorted() where !skipped.contains(name) {
            let path = folder.isEmpty ? name : folder + "/" + name
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: root + "/" + path, isDirectory: &isFolder) else { continue }
            found.append(path)
            if isFolder.boolValue { found += list(root, path) }
        }
        return found
    }

    private static func read(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}
