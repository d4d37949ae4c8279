import Base
import Hosting
import Outbound

/// How the product is set up, checked once at the start.
struct InboxSettings: Sendable {
    enum Key {
        static let publicAddress = Setting(
            "inbox.publicAddress", .text, default: nil,
            "Where vendors reach this installation, as in https://inbox.example.com: for hooks and files of answers.")
        static let all = [publicAddress]
    }

    /// Without a slash at its end.
    var publicAddress: String?

    /// Reads the settings.
    ///
    /// - Throws: `hosting.invalidSetting`.
    init(_ settings: Settings) throws(HostingError) {
        guard let text = settings.text(Key.publicAddress), !text.isEmpty else { return }
        guard let address = OutboundAddress(text), address.path == "/" || address.path.isEmpty, address.query == nil
        else {
            throw HostingError(
                .invalidSetting,
                "\(Key.publicAddress.key) must be scheme and host alone, as in https://inbox.example.com")
        }
        publicAddress = address.origin
    }
}
