/// A kind of thing that people are told about, which each of them may have switched off.
public struct NoticeKind: Sendable, Hashable {
    /// How soon a device should show it.
    public enum Urgency: String, CaseIterable, Sendable {
        /// When the device is awake anyway.
        case low
        /// Soon.
        case normal
        /// At once: it is of no use later.
        case high
    }

    /// The name, written `product.what`, at most 64 characters.
    public let name: String
    /// What it is, for the page of preferences, as in `Your clip wins its slot`.
    public let label: String
    /// How soon a device should show it.
    public let urgency: Urgency

    /// Declares a kind.
    public init(_ name: StaticString, _ label: StaticString, urgency: Urgency = .normal) {
        precondition(name.utf8CodeUnitCount <= 64, "the kind \(name) has a name of more than 64 characters")
        self.name = name.description
        self.label = label.description
        self.urgency = urgency
    }
}
