/// All settings as a table, as `capstan settings` prints it and the reference page repeats it.
public struct SettingsTable {
    private let settings: [Setting]

    /// Takes the settings; they are listed by key.
    public init(_ settings: [Setting]) { self.settings = settings.sorted { $0.key < $1.key } }

    /// The table in Markdown.
    public var markdown: String {
        var lines = ["| Setting | In the environment | Default | Values | What it does |", "|---|---|---|---|---|"]
        for setting in settings {
            lines.append(
                "| `\(setting.key)` | `\(setting.environmentName)` | \(setting.fallback.map { "`\($0)`" } ?? "none") "
                    + "| \(setting.range) | \(setting.summary) |")
        }
        return lines.joined(separator: "\n")
    }
}
