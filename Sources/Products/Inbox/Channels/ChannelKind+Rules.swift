import Base

/// What vendors allow.
extension ChannelKind {
    /// What a vendor counts the length of a text in.
    enum Unit: String, Sendable, Hashable, CaseIterable {
        case characters, bytes, utf16

        func length(of text: String) -> Int {
            switch self {
            case .characters: text.unicodeScalars.count
            case .bytes: text.utf8.count
            case .utf16: text.utf16.count
            }
        }
    }

    /// The longest text, in the vendor's own unit.
    var textLimit: (count: Int, unit: Unit) {
        switch self {
        case .messenger: (2_000, .characters)
        case .instagram: (1_000, .bytes)
        case .telegram: (4_096, .utf16)
        case .widget: (8_000, .characters)
        }
    }

    /// How long after a customer's last message anybody may answer; `nil` for always.
    var window: Duration? {
        switch self {
        case .messenger, .instagram: .seconds(24 * 3_600)
        case .telegram, .widget: nil
        }
    }

    /// How long after a customer's last message a person may answer, marked as one.
    var humanWindow: Duration? {
        switch self {
        case .messenger, .instagram: .seconds(7 * 86_400)
        case .telegram, .widget: nil
        }
    }

    /// How an answer may be sent at a time, if it may.
    ///
    /// - Parameters:
    ///   - time: when it would be sent.
    ///   - lastCustomer: when the customer wrote last; `nil` when never.
    ///   - isPerson: whether a person wrote it.
    /// - Returns: whether it needs the vendor's tag for people; `nil` when the window is closed.
    func needsHumanTag(at time: Timestamp, lastCustomer: Timestamp?, isPerson: Bool) -> Bool? {
        guard let window else { return false }
        guard let lastCustomer else { return nil }
        if time <= lastCustomer + window { return false }
        guard isPerson, let humanWindow, time <= lastCustomer + humanWindow else { return nil }
        return true
    }
}
