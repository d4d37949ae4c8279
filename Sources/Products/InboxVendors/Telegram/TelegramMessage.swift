/// What is said to Telegram's Bot API.
enum TelegramMessage {
    /// A method and its parameters; `nil` when the message is for nobody.
    ///
    /// Plain text: no entity can be cut in two, and nothing has to be escaped.
    static func call(_ message: OutboundMessage) -> (method: String, body: String)? {
        guard let chat = Int64(message.recipient) else { return nil }
        var members: [(String, VendorJSONText?)] = [("chat_id", .number(chat))]
        let method: String
        switch message.content {
        case .text(let text):
            method = "sendMessage"
            members.append(("text", .text(text)))
        case .media(let media):
            let name: String
            switch media.kind {
            case .image: (method, name) = ("sendPhoto", "photo")
            case .video: (method, name) = ("sendVideo", "video")
            case .audio: (method, name) = ("sendAudio", "audio")
            case .file: (method, name) = ("sendDocument", "document")
            }
            members.append((name, .text(media.address)))
            members.append(("caption", media.caption.isEmpty ? nil : .text(media.caption)))
        }
        if let number = message.replyTo?.split(separator: ":").last.flatMap({ Int64($0) }) {
            members.append(
                (
                    "reply_parameters",
                    .object([("message_id", .number(number)), ("allow_sending_without_reply", .flag(true))])
                ))
        }
        return (method, VendorJSONText.object(members).description)
    }

    /// Why a message is refused before the vendor is asked; `nil` when nothing is wrong with it.
    static func fault(_ message: OutboundMessage, _ rules: ChannelRules) -> SendRefusal? {
        if let fault = MetaMessage.fault(message, rules) { return fault }
        if case .media(let media) = message.content, let caption = rules.caption, !caption.allows(media.caption) {
            return SendRefusal(.tooLong, code: "inbox.tooLong")
        }
        return nil
    }
}
