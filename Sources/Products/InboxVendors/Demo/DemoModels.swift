/// The bicycles of the demo, and what can be written about each.
enum DemoModels {
    struct Model: Sendable {
        var name: String
        var kind: String
        var grams: Int
        var euros: Int
    }

    private static let names = ["Aurora", "Dune", "Fjord", "Heron", "Juniper", "Kestrel", "Meadow", "Pebble"]
    private static let kinds = [
        ("city bicycle", 14_900, 890), ("touring bicycle", 13_400, 1_290), ("electric bicycle", 23_800, 3_190),
        ("children's bicycle", 8_600, 390),
    ]

    /// Each name in each kind.
    static var count: Int { names.count * kinds.count }

    static func model(_ number: Int) -> Model {
        let (kind, grams, euros) = kinds[number / names.count % kinds.count]
        let place = number % names.count
        return Model(name: names[place], kind: kind, grams: grams + place * 140, euros: euros + place * 70)
    }

    private static let parts = [
        "frame", "fork", "brakes", "gears", "chain", "tyres", "lights", "saddle", "carrier", "handlebar", "pedals",
        "mudguards", "stand", "lock", "papers",
    ]

    private static let makes = [
        "The part is made of an alloy that does not rust and is guaranteed for five years.",
        "It is the same on all sizes and can be had as a spare part for ten years.",
        "We have ridden it over two winters with salt on the roads before it came into the shop.",
        "Riders of up to 110 kg with 25 kg of luggage are within what it is made for.",
    ]

    private static let cares = [
        "Wipe it with a damp cloth; strong jets of water press dirt into the bearings.",
        "A drop of oil every 300 km keeps it silent; wipe off what is too much.",
        "Look at it twice a year, best in March and in October, and have it adjusted in the workshop.",
        "After the first 200 km screws have settled: the first inspection is free and takes half an hour.",
    ]

    private static let cautions = [
        "If it makes a noise that it did not make before, do not ride downhill until somebody has looked at it.",
        "Never mount parts of other makers at this place: the frame was not tested with them.",
        "Damage by a fall may be inside; bring it by, looking at it costs nothing.",
        "Children should not adjust it on their own.",
    ]

    /// A section about one part: what it is, how it is kept, what to beware of.
    static func section(_ place: Int, of model: Model, _ chance: (_ bound: Int, _ salt: Int) -> Int) -> String {
        let part = parts[place % parts.count]
        let weight = "\(model.grams / 1_000).\(model.grams / 100 % 10) kg"
        return """
            \(model.name), \(model.kind), section \(place + 1): the \(part). The \(model.name) weighs \(weight) in \
            size M and costs \(model.euros) euros. Its \(part) is number \(model.name.prefix(2).uppercased())\
            \(100 + place * 7 + chance(7, 0)) in the list of spare parts. \(makes[chance(makes.count, 1)]) \
            \(cares[chance(cares.count, 2)]) The workshop needs \(10 + chance(6, 3) * 5) minutes to change it, which \
            costs \(12 + chance(9, 4) * 4) euros without the part. \(cautions[chance(cautions.count, 5)])
            """
    }

    private static let customs = [
        "Every conversation has one person who answers for it.", "A promise has a day on which it is kept.",
        "What was sold is written down with its number.", "Whoever is unsure asks the workshop before answering.",
        "Prices are those of the day on which something is ordered.",
        "A mistake of ours costs the customer nothing, neither money nor a second journey.",
        "Photographs help: one from the side, one of the part, one of the number below the frame.",
        "Letters are answered on the same day until four o'clock, else on the next morning.",
        "Customers are told what happens next, and when they will hear of it again.",
        "Names and addresses are used for the order and for nothing else.",
    ]

    /// A section about how the house works.
    static func custom(_ place: Int, of subject: String, at company: String) -> String {
        let first = customs[place % customs.count]
        let second = customs[(place + 3) % customs.count]
        return """
            How \(company) works, \(subject), rule \(place + 1). \(first) \(second) For questions about \(subject) \
            this means: say what is known, say what is not, and hand over to a person before guessing. The rule holds \
            on all channels alike, in the shop, at the telephone and in writing, and it holds for the bot as it does \
            for people. Exceptions are decided by the owner and written below the rule with their day.
            """
    }
}
