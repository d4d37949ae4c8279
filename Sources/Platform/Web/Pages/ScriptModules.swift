import Foundation

/// How script modules name each other.
///
/// A module that is known by two addresses is loaded and run twice, so that every name in a module's text becomes the one
/// address that carries its hash. For that a module's text is final before those that name it are: names go in no circle.
struct ScriptModules: Sendable {
    /// Where one module names another.
    struct Mention: Sendable, Hashable {
        /// The other's name, as in `web/capstan.js`.
        let name: String
        /// The name as it is written, as in `../web/capstan.js`.
        let specifier: String
        /// Whether it is loaded before the module runs, and not when the module asks for it.
        let isStatic: Bool
    }

    /// All names, each after those that its text names.
    let order: [String]
    /// What is named by each module.
    let mentions: [String: [Mention]]

    /// Reads the texts of all modules among some files.
    ///
    /// - Parameter files: files by name, as in `web/capstan.js`; those that end in `.js` are read.
    /// - Throws: `web.invalidResource` for a name that no file has, and for names that go in a circle.
    init(_ files: [String: Data]) throws(WebError) {
        var mentions: [String: [Mention]] = [:]
        for (name, data) in files where name.hasSuffix(".js") {
            let found = Self.mentions(in: String(decoding: data, as: UTF8.self), of: name)
            for mention in found where files[mention.name] == nil {
                throw WebError(
                    .invalidResource, "The script \(name) imports \(mention.specifier), which does not exist.")
            }
            mentions[name] = found
        }
        self.mentions = mentions
        order = try Self.sorted(files.keys.sorted(), mentions)
    }

    /// The modules that are loaded before one runs, without itself, each once, in the order in which they are found.
    func loaded(with name: String) -> [String] {
        var found: [String] = []
        var open = [name]
        while !open.isEmpty {
            for mention in mentions[open.removeFirst()] ?? [] where mention.isStatic && mention.name != name {
                guard !found.contains(mention.name) else { continue }
                found.append(mention.name)
                open.append(mention.name)
            }
        }
        return found
    }

    /// A module's text with addresses in the place of names.
    func text(of name: String, _ data: Data, addresses: [String: String]) -> Data {
        guard let mentions = mentions[name], !mentions.isEmpty else { return data }
        var text = String(decoding: data, as: UTF8.self)
        for mention in Set(mentions.map(\.specifier)) {
            guard let address = addresses[Self.name(mention, in: name)] else { continue }
            text = text.replacing("\"\(mention)\"", with: "\"\(address)\"")
        }
        return Data(text.utf8)
    }

    private static func mentions(in text: String, of name: String) -> [Mention] {
        let pattern = /\b(?:from|import)\s*(\(?)\s*"(\.{1,2}\/[^"\s]+)"/
        return text.matches(of: pattern).map { match in
            let specifier = String(match.output.2)
            return Mention(
                name: Self.name(specifier, in: name), specifier: specifier, isStatic: match.output.1.isEmpty)
        }
    }

    /// The name that a specifier means in a module: `../web/capstan.js` in `inbox/line.js` is `web/capstan.js`.
    private static func name(_ specifier: String, in module: String) -> String {
        var parts = module.split(separator: "/").dropLast()
        for part in specifier.split(separator: "/") where part != "." {
            if part == ".." { parts = parts.dropLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    private static func sorted(
        _ names: [String], _ mentions: [String: [Mention]]
    ) throws(WebError) -> [String] {
        var order: [String] = []
        var done: Set<String> = []
        var path: [String] = []
        func visit(_ name: String) throws(WebError) {
            guard !done.contains(name) else { return }
            guard !path.contains(name) else {
                let circle = (path + [name]).joined(separator: ", ")
                throw WebError(.invalidResource, "Scripts import each other in a circle: \(circle).")
            }
            path.append(name)
            for mention in mentions[name] ?? [] { try visit(mention.name) }
            path.removeLast()
            done.insert(name)
            order.append(name)
        }
        for name in names { try visit(name) }
        return order
    }
}
