/// Good practice that schemas and migrations show.
extension SchemaPass {
    private enum Bounds {
        static let places = 40
    }

    /// What is reported as seen: look-ups with their index, keys of several columns, policies, triggers.
    func good(sites: [SourcePass.QuerySite], book: RuleBook, only: Set<String>?) -> [KeepNote] {
        [
            ("good-index", served(sites)), ("good-unique-key", keysOfSeveral()),
            ("good-row-security", migrations.guarded), ("good-trigger", migrations.triggers),
        ].compactMap { name, places in
            guard only?.contains(name) ?? true, !places.isEmpty, let rule = book.rules[name], let text = rule.keep
            else { return nil }
            return KeepNote(
                rule: name, text: text, places: Array(places.prefix(Bounds.places)), count: places.count)
        }
    }

    /// Indexes that calls in the code stand on, keys of one column aside.
    private func served(_ sites: [SourcePass.QuerySite]) -> [String] {
        var places: Set<String> = []
        for site in sites {
            guard let table = shape.table(site.query.table) else { continue }
            let compared = (site.query.equal + site.query.listed).compactMap { table.column($0)?.name }
            guard let index = table.narrowing(for: compared), !(index.isUnique && index.columns.count == 1) else {
                continue
            }
            places.insert("\(table.name) (\(index.columns.joined(separator: ", ")))")
        }
        return places.sorted()
    }

    private func keysOfSeveral() -> [String] {
        shape.tables.flatMap { table in
            table.indexes.filter { $0.isUnique && $0.columns.count > 1 && $0.predicate == nil }.map { index in
                "\(table.name) (\(index.columns.joined(separator: ", ")))"
            }
        }.sorted()
    }
}
