/// How files are called.
extension Rule {
    static let names: [Rule] = [
        Rule(
            name: "spaces", reason: "a path with a space breaks somebody's script",
            instead: "CapitalisedWords for Swift, words-with-hyphens elsewhere"
        ) { tree in
            tree.paths.sorted().filter { $0.contains(" ") }.map { Place(path: $0, line: 1, found: "a space") }
        },
        Rule(
            name: "vague names", reason: "a type is a noun of the domain", instead: "say what it does"
        ) { tree in
            tree.files.flatMap { file -> [Place] in
                let vague = ["Manager", "Helper", "Helpers", "Util", "Utils", "Utilities", "Common"]
                guard vague.contains(where: { file.stem.hasSuffix($0) }) || file.stem.hasPrefix("New") else {
                    return []
                }
                return [Place(path: file.path, line: 1, found: file.stem)]
            }
        },
    ]
}
