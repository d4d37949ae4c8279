import Base
import Foundation
import Synchronization

/// A company with a bot of Telegram's: what its customers have said, what has been delivered of it, and its owner's desk.
final class BotCompany: Sendable {
    /// A message that Telegram delivers.
    struct Update: Sendable {
        var number: Int
        var chat: Int
        var text: String

        /// A message's number is its own only within its chat.
        var externalID: String { "\(chat):\(number)" }

        var body: String {
            """
            {"update_id":\(number),"message":{"message_id":\(number),"date":\(SystemClock().now().seconds),
            "chat":{"id":\(chat),"type":"private","first_name":"Kim"},"from":{"id":\(chat),"is_bot":false,
            "first_name":"Kim"},"text":"\(text)"}}
            """
        }
    }

    private struct Post {
        var written: [Update] = []
        /// Indexes of what was not answered with 200, which is delivered until it is.
        var undelivered: [Int] = []
        var delivered = 0
    }

    let name: String
    let account: String
    let secret: String
    let token: String
    private static let policy = """
        {"mode":"answers","temperature":0.3,"tokensMax":200,"threshold":0,"passages":5,"keywords":[],"tone":"short",
        "unsure":"I am not sure.","closed":"We are closed.","tokensPerDay":900000000,"tokensPerMonth":900000000}
        """
    /// By which the server knows the company.
    let host: String
    let email: String
    /// Its channel, and where updates go, once it is connected.
    private let place = Mutex<(channel: String, hook: String)>(("", ""))
    private let session = Mutex<String?>(nil)
    private let post = Mutex(Post())

    init(_ name: String, host: String, email: String, account: String) {
        self.name = name
        self.host = host
        self.email = email
        self.account = account
        secret = "the-secret-of-\(name)"
        token = "\(account):token-of-\(name)"
    }

    var channel: String { place.withLock { $0.channel } }
    var written: [Update] { post.withLock { $0.written } }
    var delivered: Int { post.withLock { $0.delivered } }
    var undelivered: Int { post.withLock { $0.undelivered.count } }

    // MARK: The owner

    private func headers(_ server: Capstan) -> [(String, String)] {
        [("Host", "\(host):\(server.port)"), ("X-Forwarded-For", "10.8.8.\(account.last ?? "1")")]
    }

    /// Signs the owner in, once, as a cookie that every node knows.
    private func signIn(at server: Capstan) throws -> String {
        if let cookie = session.withLock({ $0 }) { return cookie }
        let answer = try server.send(
            .post(
                "/api/session", json: #"{"email":"\#(email)","password":"capstan-demo"}"#, headers: headers(server)))
        guard answer.status == 200, let cookie = answer.cookie("capstan_session") else {
            throw Broken(.failed, "\(email) is not let in: \(answer)")
        }
        session.withLock { $0 = cookie }
        return cookie
    }

    /// Connects the bot, which answers whatever is asked.
    func connect(at server: Capstan) throws {
        let policy = try server.send(
            HTTPRequest(
                "PUT", "/api/inbox/bot/policy",
                headers: headers(server) + [
                    ("Cookie", try signIn(at: server)), ("Content-Type", "application/json"),
                ], body: Array(Self.policy.utf8)))
        guard policy.status == 200 else { throw Broken(.failed, "the bot of \(name) is not told: \(policy)") }
        struct Made: Decodable { var id, hook: String }
        let answer = try server.send(
            .post(
                "/api/inbox/channels",
                json: """
                    {"kind":"telegram","account":"\(account)","name":"Bot of \(name)","isBotFirst":true,
                    "signingSecrets":["\(secret)"],"accessToken":"\(token)"}
                    """, headers: headers(server) + [("Cookie", try signIn(at: server))]))
        guard answer.status == 201 else { throw Broken(.failed, "the bot of \(name) is not connected: \(answer)") }
        let made = try answer.decode(Made.self)
        place.withLock { $0 = (made.id, made.hook) }
    }

    /// Answers in a conversation, under a name of the client's own, by which a repetition is known.
    func reply(_ text: String, in conversation: String, as client: String, at server: Capstan) throws -> HTTPAnswer {
        try server.send(
            .post(
                "/api/inbox/conversations/\(conversation)/messages",
                json: """
                    {"channelId":"\(channel)","body":"\(text)","clientId":"\(client)","seen":2147483647,"confirm":true,
                    "undo":0}
                    """, headers: headers(server) + [("Cookie", try signIn(at: server))]))
    }

    // MARK: The customers

    /// Customers say something; it is delivered by ``deliver(to:)``.
    func say(_ updates: [Update]) {
        post.withLock { post in
            post.undelivered += updates.indices.map { post.written.count + $0 }
            post.written += updates
        }
    }

    /// Delivers one thing as Telegram does: again until it is answered with 200, and every third once more after that.
    ///
    /// - Returns: whether there was anything.
    func deliver(to port: UInt16) -> Bool {
        let next = post.withLock { post -> (index: Int, update: Update)? in
            guard !post.undelivered.isEmpty else { return nil }
            let index = post.undelivered.removeFirst()
            return (index, post.written[index])
        }
        guard let next else { return false }
        // A server that dies within it has not answered, whatever it has kept.
        let isTaken = (try? offer(next.update, to: port)) ?? false
        post.withLock { post in
            if isTaken { post.delivered += 1 } else { post.undelivered.append(next.index) }
        }
        // What comes twice may be lost as well.
        if isTaken, next.index.isMultiple(of: 3) { _ = try? offer(next.update, to: port) }
        return true
    }

    private func offer(_ update: Update, to port: UInt16) throws -> Bool {
        let request = HTTPRequest.post(
            place.withLock { $0.hook }, json: update.body,
            headers: [("X-Telegram-Bot-Api-Secret-Token", secret), ("X-Forwarded-For", "149.154.160.1")])
        return try HTTPConnection(port: port, timeout: .seconds(10)).send(request).status == 200
    }
}
