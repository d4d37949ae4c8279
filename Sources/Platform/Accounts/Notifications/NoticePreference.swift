public import Storage

/// How a person wants to be told of one kind of thing.
///
/// Both ways unless said otherwise.
public struct NoticePreference: Sendable, Hashable, Encodable {
    /// The kind's name.
    public var kind: String
    /// Whether it is put on the person's page.
    public var isInApp: Bool
    /// Whether it is pushed to the person's devices.
    public var isPushed: Bool

    /// States a preference.
    public init(kind: String, isInApp: Bool = true, isPushed: Bool = true) {
        self.kind = kind
        self.isInApp = isInApp
        self.isPushed = isPushed
    }
}

extension NoticePreference: RowDecodable {
    /// Reads the row of `notification_preferences`.
    public init(row: SQLRow) throws(StorageError) {
        kind = try row.value("kind")
        isInApp = try row.value("in_app")
        isPushed = try row.value("pushed")
    }
}
