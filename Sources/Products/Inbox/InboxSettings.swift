import Base
import Hosting
import Outbound

/// How the product is set up, checked once at the start.
struct InboxSettings: Sendable {
    enum Key {
        static let publicAddress = Setting(
            "inbox.publicAddress", .text, default: nil,
            "Where vendors reach this installation, as in https://inbox.example.com: for hooks and files of answers.")
        static let telegram = "https://api.telegram.org"
        static let telegramAddress = Setting(
            "inbox.telegramAddress", .text, default: telegram,
            "Where Telegram's Bot API is: Telegram's own, or a server of one's own (telegram-bot-api).")
        static let all = [publicAddress, telegramAddress]
    }

    /// Without a slash at its end.
    var publicAddress: String?
    /// Without a slash at its end.
    var telegramAddress: String

    /// Reads the settings.
    ///
    /// - Throws: `hosting.invalidSetting`.
    init(_ settings: Settings) throws(HostingError) {
        publicAddress = try Self.origin(of: Key.publicAddress, "https://inbox.example.com", settings)
        telegramAddress =
            try Self.origin(of: Key.telegramAddress, "http://bots.example.com:8081", settings) ?? Key.telegram
    }

    private static func origin(
        of key: Setting, _ example: String, _ settings: Settings
    ) throws(HostingError) -> String? {
        guard let text = settings.text(key), !text.isEmpty else { return nil }
        guard let address = OutboundAddress(text), address.path == "/" || address.path.isEmpty, address.query == nil
        else {
            throw HostingError(.invalidSetting, "\(key.key) must be scheme and host alone, as in \(example)")
        }
        return address.origin
    }
}
