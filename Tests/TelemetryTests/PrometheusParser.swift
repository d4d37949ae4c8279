import Foundation

/// A reader of the text exposition format 0.0.4, written from its grammar and independent of our writer.
struct PrometheusParser {
    struct Sample: Equatable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Malformed: Error {
        var line: String
        var reason: String
    }

    var types: [String: String] = [:]
    var helps: [String: String] = [:]
    var samples: [Sample] = []

    init(_ text: String) throws {
        guard text.isEmpty || text.hasSuffix("\n") else { throw Malformed(line: "", reason: "no final line feed") }
        var seen: Set<String> = []
        for line in text.split(separator: "\n").map(String.init) {
            if line.hasPrefix("# HELP ") || line.hasPrefix("# TYPE ") {
                let parts = line.split(separator: " ", maxSplits: 3).map(String.init)
                guard parts.count == 4 else { throw Malformed(line: line, reason: "incomplete comment") }
                let known = line.hasPrefix("# HELP ") ? helps : types
                guard known[parts[2]] == nil else { throw Malformed(line: line, reason: "twice") }
                if line.hasPrefix("# HELP ") { helps[parts[2]] = parts[3] } else { types[parts[2]] = parts[3] }
                continue
            }
            let sample = try Self.sample(line)
            guard seen.insert("\(sample.name)\(sample.labels.sorted { $0.key < $1.key })").inserted else {
                throw Malformed(line: line, reason: "the series stands there twice")
            }
            samples.append(sample)
        }
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    private static func sample(_ line: String) throws -> Sample {
        var rest = Substring(line)
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" }
        rest = rest.dropFirst(name.count)
        guard !name.isEmpty else { throw Malformed(line: line, reason: "no name") }
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest.removeFirst()
            while rest.first != "}" {
                let label = rest.prefix { $0 != "=" }
                rest = rest.dropFirst(label.count + 1)
                guard rest.first == "\"" else { throw Malformed(line: line, reason: "unquoted value") }
                rest.removeFirst()
                var value = ""
                while let character = rest.popFirst(), character != "\"" {
                    if character == "\\" {
                        switch rest.popFirst() {
                        case "n": value += "\n"
                        case "\\": value += "\\"
                        case "\"": value += "\""
                        default: throw Malformed(line: line, reason: "unknown escape")
                        }
                    } else {
                        value.append(character)
                    }
                }
                guard labels[String(label)] == nil else { throw Malformed(line: line, reason: "label twice") }
                labels[String(label)] = value
                if rest.first == "," { rest.removeFirst() }
                guard !rest.isEmpty else { throw Malformed(line: line, reason: "unclosed labels") }
            }
            rest.removeFirst()
        }
        guard rest.first == " ", let value = Double(rest.dropFirst()) else {
            throw Malformed(line: line, reason: "no value")
        }
        return Sample(name: String(name), labels: labels, value: value)
    }
}
