public import Base

/// A setting that somebody may change without building anew: its key, what it does, and what it may be.
///
/// The key `server.listen` is read from the environment as `CAPSTAN_SERVER_LISTEN`.
public struct Setting: Sendable, Hashable {
    /// What a value must look like.
    public enum Kind: Sendable, Hashable {
        /// Any text of at most 4,096 bytes.
        case text
        /// A whole number of a range, with its unit.
        case integer(ClosedRange<Int>, unit: String)
        /// `true` or `false`.
        case flag
        /// One of a few words.
        case choice([String])
        /// A key or password: never printed.
        case secret
    }

    /// The key, written `module.what`.
    public let key: String
    /// What it must look like.
    public let kind: Kind
    /// What holds when nobody has set it; `nil` when nothing does.
    public let fallback: String?
    /// What it does, in one sentence.
    public let summary: String

    /// Declares a setting.
    public init(_ key: StaticString, _ kind: Kind, default fallback: String?, _ summary: StaticString) {
        self.key = key.description
        self.kind = kind
        self.fallback = fallback
        self.summary = summary.description
    }

    /// The name in the environment.
    public var environmentName: String {
        var name = "CAPSTAN_"
        for character in key {
            if character == "." {
                name += "_"
            } else if character.isUppercase {
                name += "_\(character)"
            } else {
                name += character.uppercased()
            }
        }
        return name
    }

    /// The kind and its range in a few words.
    public var range: String {
        switch kind {
        case .text: "text"
        case .integer(let range, let unit): "\(range.lowerBound)–\(range.upperBound) \(unit)"
        case .flag: "true, false"
        case .choice(let words): words.joined(separator: ", ")
        case .secret: "secret"
        }
    }

    /// Says what is wrong with a value; `nil` when it is fine.
    ///
    /// Never repeats the value.
    func complaint(about value: String) -> String? {
        switch kind {
        case .text, .secret:
            value.utf8.count <= 4_096 ? nil : "is longer than 4,096 bytes"
        case .integer(let range, let unit):
            Int(value).map(range.contains) == true
                ? nil : "must be a whole number of \(unit), \(range.lowerBound) to \(range.upperBound)"
        case .flag: ["true", "false"].contains(value) ? nil : "must be true or false"
        case .choice(let words): words.contains(value) ? nil : "must be one of \(words.joined(separator: ", "))"
        }
    }
}

/// The values of declared settings, checked once at the start.
public struct Settings: Sendable {
    private let declared: [String: Setting]
    private let values: [String: String]

    /// All declared settings, by key.
    public var all: [Setting] { declared.values.sorted { $0.key < $1.key } }

    /// Checks the values of all settings.
    ///
    /// - Parameters:
    ///   - settings: what is declared.
    ///   - lookup: gives the value that somebody has set; `nil` when nobody has.
    /// - Throws: `hosting.invalidSetting` naming the key, the environment's name and what is expected, never the value;
    ///   `hosting.invalidManifest` when a key is declared twice.
    public init(_ settings: [Setting], lookup: (Setting) -> String?) throws(HostingError) {
        var declared: [String: Setting] = [:]
        var values: [String: String] = [:]
        for setting in settings {
            guard declared.updateValue(setting, forKey: setting.key) == nil else {
                throw HostingError(.invalidManifest, "the setting \(setting.key) is declared twice: rename one")
            }
            guard let value = lookup(setting) ?? setting.fallback else { continue }
            if let complaint = setting.complaint(about: value) {
                throw HostingError(
                    .invalidSetting, "the setting \(setting.key) (\(setting.environmentName)) \(complaint)")
            }
            values[setting.key] = value
        }
        self.declared = declared
        self.values = values
    }

    /// The text of a setting; `nil` when it has neither a value nor a default.
    public func text(_ setting: Setting) -> String? { values[setting.key] }

    /// The number of a setting that has a default.
    public func integer(_ setting: Setting) -> Int {
        guard let value = values[setting.key].flatMap(Int.init) else {
            preconditionFailure("the setting \(setting.key) was read as a number and is declared without one")
        }
        return value
    }

    /// The truth of a setting that has a default.
    public func flag(_ setting: Setting) -> Bool { values[setting.key] == "true" }

    /// The secret of a setting; `nil` when nobody has set it.
    public func secret(_ setting: Setting) -> Secret<String>? { values[setting.key].map(Secret.init) }
}
