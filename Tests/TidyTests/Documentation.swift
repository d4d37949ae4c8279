import Foundation

/// What is written down, and that it stays true.
extension Rule {
    static let documentation: [Rule] = [
        .eachFile(
            "documentation", because: "a public name is a promise; its comment is the contract",
            instead: "a comment with /// that starts with one sentence"
        ) { file in
            guard file.path.hasPrefix("Sources/") else { return [] }
            return file.offsets(of: "public ", in: file.code).compactMap { offset in
                let line = file.line(at: offset)
                let written = file.line(line, of: file.code)
                if written.contains("public import ") || written.contains("override ") { return nil }
                return file.isDocumented(line) ? nil : Place(path: file.path, line: line, found: written)
            }
        },
        Rule(
            name: "links", reason: "a page that points nowhere wastes the reader's time",
            instead: "the path from this page to the file, and a heading that is there"
        ) { tree in
            tree.documents.flatMap { document in
                Self.links(document.text).compactMap { link in
                    Self.resolves(link.target, from: document.path, in: tree)
                        ? nil : Place(path: document.path, line: link.line, found: link.target)
                }
            }
        },
        Rule(
            name: "error codes", reason: "a code names one thing, so that a reader of a log finds its one home",
            instead: "another reason after the dot, or the error that is already there"
        ) { tree in
            var homes: [String: String] = [:]
            return tree.files.filter { $0.path.hasPrefix("Sources/") }.flatMap { file in
                file.errorCodes.compactMap { code in
                    if let home = homes.updateValue(file.path, forKey: code.code) {
                        return Place(path: file.path, line: code.line, found: "\(code.code), also in \(home)")
                    }
                    return nil
                }
            }
        },
    ]

    /// Targets of `[text](target)` outside code, each with its line.
    static func links(_ text: String) -> [(target: String, line: Int)] {
        var found: [(String, Int)] = []
        var isCode = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") { isCode.toggle() }
            guard !isCode, line.contains("](") else { continue }
            for part in line.components(separatedBy: "](").dropFirst() {
                if let end = part.firstIndex(of: ")") { found.append((String(part[..<end]), index + 1)) }
            }
        }
        return found
    }

    static func resolves(_ target: String, from path: String, in tree: Tree) -> Bool {
        if target.contains("://") || target.hasPrefix("mailto:") { return true }
        let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var folders = path.split(separator: "/").dropLast().map(String.init)
        for step in parts[0].split(separator: "/") where step != "." {
            if step != ".." { folders.append(String(step)) } else if folders.popLast() == nil { return false }
        }
        let file = parts[0].isEmpty ? path : folders.joined(separator: "/")
        guard file.isEmpty || tree.paths.contains(file) else { return false }
        guard parts.count > 1, let page = tree.documents.first(where: { $0.path == file }) else { return true }
        return anchors(page.text).contains(parts[1])
    }

    /// Headings as the names that links use.
    static func anchors(_ text: String) -> Set<String> {
        Set(
            text.split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
                String(
                    line.drop { $0 == "#" || $0 == " " }.lowercased().replacing(" ", with: "-")
                        .filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" })
            })
    }
}

extension SourceFile {
    /// Whether a `///` stands above the declaration in `line`, attributes and directives aside.
    func isDocumented(_ line: Int) -> Bool {
        var above = line - 1
        while above >= 1 {
            let written = self.line(above, of: raw)
            if written.hasPrefix("///") { return true }
            guard written.hasPrefix("@") || written.hasPrefix("#if") || written.hasPrefix("//") else { return false }
            above -= 1
        }
        return false
    }

    /// `case busy = "storage.busy"` of enumerations named `Code`, each with its line.
    var errorCodes: [(code: String, line: Int)] {
        guard let start = offsets(of: "enum Code", in: code).first else { return [] }
        return offsets(of: "case ", in: code).filter { $0 > start }.compactMap { offset in
            let number = line(at: offset)
            let parts = line(number, of: text).split(separator: "\"")
            guard parts.count == 2, parts[0].hasSuffix("= "), parts[1].contains(".") else { return nil }
            return (String(parts[1]), number)
        }
    }
}
