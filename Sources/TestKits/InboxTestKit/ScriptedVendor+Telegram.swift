import Base
import Foundation
import InboxVendors
import NIOCore
import Outbound
import OutboundTestKit
import Synchronization

extension ScriptedVendor {
    /// Telegram's Bot API.
    func telegram(_ request: PeerRequest) async -> PeerAnswer {
        let parts = request.path.split(separator: "/").map(String.init)
        note("\(request.method) /bot/\(parts.last ?? "")")
        let token = parts[0].dropFirst(3)
        guard parts.count == 2,
            let bot = state.withLock({ state in
                state.accounts.first { $0.kind == .telegram && $0.token == token && !$0.isExpired }
            })
        else { return Self.refusal(401, "Unauthorized") }
        guard request.content.readableBytes == 0 || Self.members(request) != nil else {
            return Self.refusal(400, "Bad Request: can't parse JSON object")
        }
        let body = Self.members(request) ?? [:]
        switch parts[1] {
        case "sendMessage", "sendPhoto", "sendVideo", "sendAudio", "sendDocument":
            return await send(parts[1], body, as: bot)
        case "sendChatAction", "answerCallbackQuery": return Self.good(true)
        case "getMe": return Self.good(["id": .number(bot.id), "is_bot": true, "username": "lumenbikesbot"])
        case "getWebhookInfo":
            return Self.good([
                "url": .text(bot.hook), "pending_update_count": 3, "last_error_message": "Connection timed out",
            ])
        case "setWebhook":
            guard let hook = body["url"] as? String, hook.hasPrefix("https://"), body["secret_token"] is String,
                body["allowed_updates"] is [String]
            else { return Self.refusal(400, "Bad Request: bad webhook") }
            change(.telegram, bot.id) { $0.hook = hook }
            return Self.good(true)
        case "getFile":
            guard let id = body["file_id"] as? String, !id.hasPrefix("large") else {
                return Self.refusal(400, "Bad Request: file is too big")
            }
            return Self.good(["file_id": .text(id), "file_size": 15, "file_path": .text("photos/\(id).jpg")])
        case "getChat":
            guard let chat = body["chat_id"] as? Int64 else { return Self.refusal(400, "Bad Request: chat not found") }
            return Self.good(["id": .number(chat), "type": "private", "first_name": "Zoë", "last_name": "Müller"])
        default: return Self.refusal(404, "Not Found")
        }
    }

    private func send(_ method: String, _ body: [String: Any], as bot: Account) async -> PeerAnswer {
        let fault = nextFault()
        switch fault {
        case .busy(let seconds):
            return Self.refusal(
                429, "Too Many Requests", parameters: ["retry_after": .number(Int64(seconds ?? 1))])
        case .failing(let status): return .text("<html>\(status)</html>", status: status)
        case .temporary: return Self.refusal(500, "Internal Server Error")
        case .errorWithGoodStatus(let code, _):
            let body: VendorBody = ["ok": false, "error_code": .number(Int64(code)), "description": "No"]
            return .text(body.written())
        case .drop:
            var answer = PeerAnswer(200)
            answer.pieces = [PeerPiece([UInt8(ascii: "{")])]
            answer.isCut = true
            return answer
        default: break
        }
        guard let chat = body["chat_id"] as? Int64 else { return Self.refusal(400, "Bad Request: chat_id is empty") }
        let names = ["sendPhoto": "photo", "sendVideo": "video", "sendAudio": "audio", "sendDocument": "document"]
        let media = names[method].flatMap { body[$0] as? String }
        let text = (body[method == "sendMessage" ? "text" : "caption"] as? String) ?? ""
        guard method == "sendMessage" ? !text.isEmpty : media != nil else {
            return Self.refusal(400, "Bad Request: message text is empty")
        }
        guard text.utf16.count <= (method == "sendMessage" ? 4_096 : 1_024) else {
            return Self.refusal(400, "Bad Request: message is too long")
        }
        guard let customer = state.withLock({ $0.customers[bot.id]?[String(chat)] }) else {
            return Self.refusal(400, "Bad Request: chat not found")
        }
        if let next = customer.movedTo {
            return Self.refusal(
                400, "Bad Request: group chat was upgraded to a supergroup chat",
                parameters: ["migrate_to_chat_id": .number(next)])
        }
        guard !customer.hasBlocked else { return Self.refusal(403, "Forbidden: bot was blocked by the user") }
        let taken = take(
            Taken(
                account: bot.id, user: String(chat), text: text, media: media, externalId: "", at: clock.now(),
                kind: .telegram))
        let number = taken.externalId.split(separator: ":").last.map(String.init) ?? ""
        let good = Self.good([
            "message_id": .number(number), "chat": ["id": .number(chat), "type": "private"],
            "date": .number(taken.at.seconds), "text": .text(text),
        ])
        return await Self.broken(good, fault)
    }

    private static func good(_ result: VendorBody) -> PeerAnswer {
        .text((["ok": true, "result": result] as VendorBody).written())
    }

    private static func refusal(_ code: Int, _ words: String, parameters: VendorBody? = nil) -> PeerAnswer {
        let body = VendorBody.members([
            ("ok", false), ("error_code", .number(Int64(code))), ("description", .text(words)),
            ("parameters", parameters),
        ])
        return .text(body.written(), status: code)
    }
}
