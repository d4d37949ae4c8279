import Base
import Foundation
import InboxVendors
import NIOCore
import Outbound
import OutboundTestKit
import Synchronization

extension ScriptedVendor {
    /// Meta's Graph API.
    func meta(_ request: PeerRequest) async -> PeerAnswer {
        note("\(request.method) \(request.path)")
        if request.path == "/refresh_access_token" { return renew(request) }
        guard let account = account(of: request) else {
            return Self.fault(190, 463, "Error validating access token: Session has expired", status: 400)
        }
        let parts = request.path.split(separator: "/").map(String.init)
        guard parts.count >= 2, parts[0].hasPrefix("v") else {
            return Self.fault(2500, nil, "Unknown path", status: 400)
        }
        switch (request.method, parts.count == 3 ? parts[2] : "") {
        case ("POST", "messages"): return await send(request, as: account)
        case ("GET", "conversations"): return conversations(of: account)
        case ("GET", "subscribed_apps"):
            let apps: VendorBody = account.isSubscribed ? [["id": "1", "subscribed_fields": ["messages"]]] : []
            return .text((["data": apps] as VendorBody).written())
        case ("POST", "subscribed_apps"):
            change(account.kind, account.id) { $0.isSubscribed = true }
            return .text("{\"success\":true}")
        case ("GET", "") where parts[1] == "me":
            return .text((["id": .text(account.id), "name": "Lumen Bikes"] as VendorBody).written())
        case ("GET", ""): return profile(parts[1], account)
        default: return Self.fault(100, nil, "Unsupported request", status: 400)
        }
    }

    /// Whose token a request has; `nil` for nobody's and for one that is over.
    private func account(of request: PeerRequest) -> Account? {
        guard let header = request.headers["authorization"], header.hasPrefix("Bearer ") else { return nil }
        return state.withLock { state in
            state.accounts.first { $0.kind != .telegram && $0.token == header.dropFirst(7) && !$0.isExpired }
        }
    }

    private func renew(_ request: PeerRequest) -> PeerAnswer {
        guard let query = request.target.split(separator: "?").last else {
            return Self.fault(100, nil, "Nothing to renew", status: 400)
        }
        let items = query.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        let token = items.first { $0.first == "access_token" }?.last
        guard items.contains(["grant_type", "ig_refresh_token"]),
            let account = state.withLock({ state in state.accounts.first { $0.token == token && !$0.isExpired } })
        else { return Self.fault(190, nil, "Invalid token", status: 400) }
        change(account.kind, account.id) { $0.token += "R" }
        return .text(
            ([
                "access_token": .text(account.token + "R"), "token_type": "bearer", "expires_in": .number(5_184_000),
            ] as VendorBody).written())
    }

    // MARK: Messages

    private func send(_ request: PeerRequest, as account: Account) async -> PeerAnswer {
        if let action = Self.members(request)?["sender_action"] as? String {
            return ["typing_on", "mark_seen"].contains(action)
                ? .text("{\"recipient_id\":\"\"}") : Self.fault(100, nil, "Invalid sender_action", status: 400)
        }
        let fault = nextFault()
        switch fault {
        case .busy(let seconds):
            var headers: OutboundHeaders = [:]
            if let seconds { headers.add("Retry-After", String(seconds)) }
            return Self.fault(613, nil, "Calls to this api have exceeded the rate limit.", status: 400, headers)
        case .failing(let status): return .text("<html>\(status)</html>", status: status)
        case .temporary: return Self.fault(2, nil, "Service temporarily unavailable", status: 500)
        case .errorWithGoodStatus(let code, let subcode): return Self.fault(code, subcode, "No", status: 200)
        case .drop:
            var answer = PeerAnswer(200)
            answer.pieces = [PeerPiece([UInt8(ascii: "{")])]
            answer.isCut = true
            return answer
        default: break
        }
        guard let message = message(request, of: account) else {
            return Self.fault(100, nil, "(#100) Invalid parameter", status: 400)
        }
        if let refusal = refusal(of: message, by: account) { return refusal }
        let taken = take(message)
        let good: VendorBody = ["recipient_id": .text(taken.user), "message_id": .text(taken.externalId)]
        return await Self.broken(.text(good.written(.escaped)), fault)
    }

    private func message(_ request: PeerRequest, of account: Account) -> Taken? {
        guard request.headers["content-type"]?.hasPrefix("application/json") ?? false,
            let body = Self.members(request), let recipient = (body["recipient"] as? [String: Any])?["id"] as? String,
            let message = body["message"] as? [String: Any], let type = body["messaging_type"] as? String
        else { return nil }
        let tag = body["tag"] as? String
        guard type == "RESPONSE" && tag == nil || type == "MESSAGE_TAG" && tag == "HUMAN_AGENT" else { return nil }
        let payload = (message["attachment"] as? [String: Any])?["payload"] as? [String: Any]
        let text = message["text"] as? String
        let media = payload?["url"] as? String
        guard (text == nil) != (media == nil), text != "" else { return nil }
        return Taken(
            account: account.id, user: recipient, text: text ?? "", media: media, tag: tag,
            reference: message["metadata"] as? String, externalId: "", at: clock.now(), kind: account.kind)
    }

    /// The vendor's own rules, written apart from the adapter's.
    private func refusal(of message: Taken, by account: Account) -> PeerAnswer? {
        let length = account.kind == .instagram ? Array(message.text.utf8).count : message.text.utf16.count
        guard length <= (account.kind == .instagram ? 1_000 : 2_000) else {
            return Self.fault(100, nil, "Length of param message[text] must be less than or equal", status: 400)
        }
        guard let customer = state.withLock({ $0.customers[account.id]?[message.user] }) else {
            return Self.fault(100, 2_018_001, "No matching user found", status: 400)
        }
        guard !customer.hasBlocked else {
            return Self.fault(551, nil, "This person isn't available right now.", status: 400)
        }
        let days = message.tag == nil ? 1 : 7
        guard let last = customer.lastWroteAt, message.at <= last + .seconds(days * 86_400) else {
            return Self.fault(10, 2_018_278, "This message is sent outside of allowed window.", status: 403)
        }
        return nil
    }

    // MARK: Questions

    private func conversations(of account: Account) -> PeerAnswer {
        let mine = state.withLock { $0.taken.filter { $0.account == account.id && $0.kind == account.kind } }
        let groups = Dictionary(grouping: mine, by: \.user)
        let list = groups.sorted { ($0.value.last?.at ?? .epoch) > ($1.value.last?.at ?? .epoch) }.map {
            user, messages in
            let all = messages.reversed().map { message -> VendorBody in
                [
                    "id": .text(message.externalId), "created_time": .text(Self.iso(message.at)),
                    "from": ["id": .text(account.id)], "to": ["data": [["id": .text(user)]]],
                    "message": .text(message.text),
                ]
            }
            return [
                "id": .text("t_\(user)"), "updated_time": .text(Self.iso(messages.last?.at ?? .epoch)),
                "messages": ["data": .list(all)],
            ] as VendorBody
        }
        return .text((["data": .list(list), "paging": ["cursors": ["after": "x"]]] as VendorBody).written(.escaped))
    }

    private static func iso(_ time: Timestamp) -> String { "\(time)".prefix(19) + "+0000" }

    private func profile(_ user: String, _ account: Account) -> PeerAnswer {
        guard state.withLock({ $0.customers[account.id]?[user] }) != nil else {
            return Self.fault(100, 33, "Object does not exist", status: 400)
        }
        let body: VendorBody =
            account.kind == .instagram
            ? ["name": "Zoë Müller", "username": "zoe", "profile_pic": "https://example.com/p.jpg", "id": .text(user)]
            : [
                "first_name": "Zoë", "last_name": "Müller", "profile_pic": "https://example.com/p.jpg",
                "id": .text(user),
            ]
        return .text(body.written(.escaped))
    }

    static func fault(
        _ code: Int, _ subcode: Int?, _ words: String, status: Int, _ headers: OutboundHeaders = [:]
    ) -> PeerAnswer {
        let error = VendorBody.members([
            ("message", .text(words)), ("type", "OAuthException"), ("code", .number(Int64(code))),
            ("error_subcode", subcode.map { .number(Int64($0)) }), ("fbtrace_id", "A1"),
        ])
        return .text((["error": error] as VendorBody).written(.escaped), status: status, headers: headers)
    }
}
