import Foundation

/// Browsers that want to watch and to vote: each has a device key of its own and stands behind an address of its own.
struct Crowd: Sendable {
    let capstan: Capstan
    let count: Int
    private let cookies: URL

    /// Has the server mint a device key for each voter.
    init(_ count: Int, of capstan: Capstan) throws {
        self.capstan = capstan
        self.count = count
        cookies = try Command.temporaryFolder().appendingPathComponent("cookies")
        let script = """
            local file
            function init(args)
              file = io.open("\(cookies.path)", "w")
              file:setvbuf("line")
            end
            function request()
              local address = "198." .. math.random(18, 19) .. "." .. math.random(0, 255) .. "." .. math.random(1, 254)
              return wrk.format("GET", "/api/tournament/allowance", {["X-Forwarded-For"] = address})
            end
            function response(status, headers, body)
              for name, value in pairs(headers) do
                if string.lower(name) == "set-cookie" then
                  file:write(string.match(value, "^[^;]+"), "\\n")
                end
              end
            end
            """
        _ = try Wrk.run(capstan.server.address, seconds: max(4, count / 2_500), connections: 32, script: script)
        let minted = try String(contentsOf: cookies, encoding: .utf8).split(separator: "\n").count
        guard minted >= count else {
            throw Impossible("only \(minted) of \(count) device keys were minted: see \(capstan.server.log.path)")
        }
    }

    /// Votes for some seconds: in each lap, every voter once, for another clip than in the laps before.
    func vote(_ clips: [String], seconds: Int, connections: Int, firstLap: Int = 0) throws -> Load {
        let list = clips.map { "\"\($0)\"" }.joined(separator: ", ")
        let request = """
            local clips = {\(list)}
            local turn = 0
            function request()
              local voter = turn % #voters
              local lap = math.floor(turn / #voters)
              turn = turn + 1
              local clip = clips[(voter + \(firstLap) + lap) % #clips + 1]
              return "POST /api/tournament/votes HTTP/1.1\\r\\nContent-Type: application/json\\r\\nContent-Length: 65\\r\\n"
                .. voters[voter + 1] .. '{"clipId":"' .. clip .. '","kind":"normal"}'
            end
            """
        return try Wrk.run(
            capstan.server.address, seconds: seconds, connections: connections, script: setup + request)
    }

    /// Reads a path for some seconds, each time as another voter.
    func read(_ path: String, seconds: Int, connections: Int) throws -> Load {
        let request = """
            local turn = 0
            function request()
              turn = turn + 1
              return "GET \(path) HTTP/1.1\\r\\n" .. voters[turn % #voters + 1]
            end
            """
        return try Wrk.run(
            capstan.server.address, seconds: seconds, connections: connections, script: setup + request)
    }

    /// The end of each voter's head, made once: a request must cost its sender little.
    private var setup: String {
        """
        local voters = {}
        function init(args)
          for line in io.lines("\(cookies.path)") do
            local n = #voters
            if n == \(count) then break end
            voters[n + 1] = "Host: 127.0.0.1\\r\\nCookie: " .. line .. "\\r\\nX-Forwarded-For: 198.18." .. n % 250 .. "."
              .. math.floor(n / 250) % 250 + 1 .. "\\r\\n\\r\\n"
          end
        end

        """
    }
}
