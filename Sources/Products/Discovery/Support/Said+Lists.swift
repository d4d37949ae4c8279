/// Sentences about lists, boards, campaigns and exports.
extension Said {
    static let more: [String: String] = [:]
    static let moreBad: [String: String] = [:]
}
