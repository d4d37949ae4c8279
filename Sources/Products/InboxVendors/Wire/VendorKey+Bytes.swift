extension VendorKey {
    /// The key of what has none of its own: the hash of its bytes.
    static func ofBytes(_ bytes: some Sequence<UInt8>) -> String { "bytes:" + hash(Array(bytes)) }

    /// A body that cannot be read, or cannot be cut, as one delivery.
    static func whole(_ raw: [UInt8]) -> Delivery {
        Delivery(key: ofBytes(raw), conversationKey: "", account: nil, raw: raw)
    }
}
