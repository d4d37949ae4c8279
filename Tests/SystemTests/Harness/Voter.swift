import Foundation
import Synchronization

/// A browser without an account: a device cookie and a connection.
struct Voter: Sendable, Hashable {
    static let base = "/api/tournament"
    private static let arrivals = Atomic(0)

    /// Name and value.
    let cookie: String
    /// Where the proxy in front of the server says that the browser is.
    var address = "10.0.0.1"

    /// Asks for the feed like a browser that comes for the first time, and keeps the cookie it is given.
    ///
    /// - Returns: the voter, and the clips that it may vote on.
    static func arrive(_ connection: HTTPConnection) throws -> (voter: Voter, clips: [String]) {
        let number = arrivals.add(1, ordering: .relaxed).newValue
        let address = "10.\(number >> 16 & 0xFF).\(number >> 8 & 0xFF).\(number & 0xFF)"
        let answer = try connection.send(.get(base + "/feed", headers: [("X-Forwarded-For", address)]))
        guard answer.status == 200, let cookie = answer.cookie("capstan_device") else {
            throw Broken(.malformed, "no feed with a device cookie: \(answer)")
        }
        return (Voter(cookie: cookie, address: address), try clips(of: answer))
    }

    /// Clips of a page of the feed.
    static func clips(of answer: HTTPAnswer) throws -> [String] {
        struct Feed: Decodable {
            struct Clip: Decodable { var id: String }
            var clips: [Clip]
        }
        return try answer.decode(Feed.self).clips.map(\.id)
    }

    func request(_ method: String, _ path: String, json: String? = nil) -> HTTPRequest {
        var headers = [("Cookie", cookie), ("X-Forwarded-For", address)]
        if json != nil { headers.append(("Content-Type", "application/json")) }
        return HTTPRequest(method, Self.base + path, headers: headers, body: Array((json ?? "").utf8))
    }

    func cast(_ clip: String, kind: String = "normal") -> HTTPRequest {
        request("POST", "/votes", json: #"{"clipId":"\#(clip)","kind":"\#(kind)"}"#)
    }

    /// Clips on which a vote of this voter stands, in no order; one that is named twice stands twice.
    func standing(_ connection: HTTPConnection) throws -> [String] {
        struct Mine: Decodable {
            struct Vote: Decodable { var clipId: String }
            var votes: [Vote]
        }
        let answer = try connection.send(request("GET", "/votes/mine?limit=100"))
        guard answer.status == 200 else { throw Broken(.malformed, "no votes: \(answer)") }
        return try answer.decode(Mine.self).votes.map(\.clipId)
    }
}

/// What must hold between votes and numbers, in one statement each, so that a running server is no hindrance.
enum Books {
    /// Clips whose tallies differ from their votes.
    static let differing = """
        SELECT count(*) FROM (
            SELECT 1 FROM (
                SELECT tenant_id, clip_id, 1 AS number, weight AS points FROM votes
                WHERE withdrawn_at IS NULL AND removal_id IS NULL
                UNION ALL SELECT tenant_id, clip_id, -votes, -score FROM clip_tallies) entries
            GROUP BY tenant_id, clip_id HAVING sum(number) <> 0 OR sum(points) <> 0) differing
        """
    /// Pairs of voter and clip with more than one standing vote.
    static let doubled = """
        SELECT count(*) FROM (
            SELECT 1 FROM votes WHERE withdrawn_at IS NULL
            GROUP BY tenant_id, clip_id, voter_id HAVING count(*) > 1) doubled
        """
    /// Days on which a voter got more than the cap.
    static let beyondCap = "SELECT count(*) FROM vote_days WHERE weight_used > 200"
    static let votes = "SELECT count(*) FROM votes"

    static func problems(in database: any TestDatabase) throws -> [String] {
        var found: [String] = []
        for (name, sql) in [("differing", differing), ("doubled", doubled), ("beyond cap", beyondCap)] {
            let count = try database.number(sql)
            if count > 0 { found.append("\(count) \(name)") }
        }
        return found
    }
}
