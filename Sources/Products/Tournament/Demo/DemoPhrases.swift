import Base
import Hosting

/// What people of the demo say: sentences put together from parts, so that 900 of them read like 900 people.
enum DemoPhrases {
    private static let openings = [
        "That last shot", "The light in this one", "The way it moves", "The first two seconds", "This", "The pacing",
        "The cut in the middle", "The colour of the water", "The quiet before the end", "“%”", "The silhouette",
        "The rhythm of “%”", "How the camera drifts", "The contrast here", "Whatever happens at second five",
    ]
    private static let verdicts = [
        "stays with me", "is the best thing in this slot", "made me watch it three times", "needs half a second more",
        "works without a single word", "reminds me of old travel posters", "is better than the one that won yesterday",
        "deserves more votes than it has", "looks simple and is not", "gave me goosebumps",
        "loses me a little at the end", "is exactly what the film needs now",
        "feels like the harbour at five in the morning",
        "is clean work", "should open the next act", "is bolder than anything else today",
    ]
    private static let codas = [
        "", "", "", "", " My super goes here.", " Watch it full screen.", " More of this, please.",
        " I wonder how it was made.", " Who did the sky?", " It cuts well against the scene before.",
        " Still thinking about it.", " The second half is even better.", " 👏", " Showed it to my sister, she agrees.",
        " Sorry to the others.", " Voted twice as fast as usual.",
    ]
    private static let replies = [
        "Same here.", "I thought so too, until the end.", "Exactly this.", "Not sure, the middle drags for me.",
        "Look at the left edge at second three.", "You are right, I had missed that.", "Best comment in this slot.",
        "Disagree, but I see why.", "It grows on you.", "Then give it your super!",
        "The one before was stronger, I think.",
        "Came here to say this.", "And still it lost. How?", "Wait for the next slot, there is more of it.",
        "That is the point of it, no?", "Seen it on a big screen? Do.",
    ]
    private static let thanks = [
        "Thank you! It took four evenings.", "Thanks, that means a lot.", "Good eye: the lamp is drawn by hand.",
        "Fair point, I will hold the last frame longer next time.", "Thank you for watching it to the end.",
        "The sky is a scan of an old ferry ticket.",
    ]
    private static let complaints = [
        "Rude to the maker.", "This is advertising.", "Spoils the result.", "Off topic.",
        "Says the same below every clip.",
        "Attacks another person.",
    ]

    static func comment(on title: String, using chance: DemoChance) -> String {
        "\(pick(openings, chance).replacing("%", with: title)) \(pick(verdicts, chance)).\(pick(codas, chance))"
    }

    static func reply(_ isMaker: Bool, using chance: DemoChance) -> String {
        pick(isMaker ? thanks : replies, chance)
    }

    static func complaint(using chance: DemoChance) -> String { pick(complaints, chance) }

    private static func pick(_ from: [String], _ chance: DemoChance) -> String { from[chance.below(from.count)] }
}
