//! What a word does in a sentence. The classifier sees these classes and not the words, so that what it learned of one
//! wording holds for another.

/// The class of a word or sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// A word without a class of its own.
    Other,
    // Signs.
    Stop,
    Bang,
    Question,
    Colon,
    Comma,
    Quote,
    Tick,
    Open,
    Close,
    Tag,
    Comment,
    Frame,
    Hash,
    Star,
    Pipe,
    Dash,
    Sign,
    // Shapes.
    Number,
    Url,
    Address,
    Path,
    Name,
    Foreign,
    Blob,
    // Endings of words that are not in the list.
    Ing,
    Past,
    Adverb,
    Noun,
    // Closed classes.
    You,
    Me,
    We,
    They,
    This,
    Article,
    Must,
    Can,
    Be,
    Have,
    Not,
    Without,
    Please,
    To,
    Preposition,
    And,
    If,
    Before,
    After,
    First,
    Instead,
    Now,
    Always,
    Asking,
    All,
    Only,
    Prior,
    New,
    // Things.
    Agent,
    User,
    Instruction,
    Task,
    Response,
    Tool,
    Secret,
    File,
    Mail,
    Money,
    Urgent,
    Authority,
    Secrecy,
    Code,
    Place,
    Data,
    Praise,
    // Verbs in their base form, by what they ask for.
    Send,
    Read,
    Change,
    Run,
    Say,
    Write,
    Override,
    Hide,
    Pretend,
    Ensure,
    Tell,
    Judge,
    Act,
}

/// How many classes there are.
pub const CLASSES: usize = Class::Act as usize + 1;

impl Class {
    /// Whether it is a verb in its base form, which begins an order.
    pub const fn is_verb(self) -> bool {
        self as u8 >= Class::Send as u8
    }
    /// Whether it says something about speech acts: what stands alone in a segment without any is not looked at.
    pub const fn is_cue(self) -> bool {
        matches!(
            self,
            Self::You
                | Self::Must
                | Self::Please
                | Self::Agent
                | Self::Instruction
                | Self::Override
                | Self::Hide
                | Self::Secrecy
                | Self::Instead
                | Self::Frame
                | Self::Praise
                | Self::Urgent
        )
    }
    /// Whether it is a sign.
    pub const fn is_sign(self) -> bool {
        self as u8 >= Class::Stop as u8 && self as u8 <= Class::Sign as u8
    }
}

/// The words of each class, in lower case. English first; then German, French, Spanish, Italian, Portuguese, Dutch.
pub(super) const WORDS: &[(Class, &str)] = &[
    (
        Class::You,
        "you your yours yourself yourselves u ur ya \
        du dich dir dein deine deinen deiner deinem sie ihr ihre ihren ihrer \
        tu te toi ton ta tes vous votre vos usted tú tus su sus você vocês seu sua seus suas tuo tua tuoi jij je jouw uw",
    ),
    (Class::Me, "i me my mine myself ich mich mir mein meine meinen meiner moi mon ma mes mi mis meu minha mijn"),
    (
        Class::We,
        "we us our ours ourselves wir uns unser unsere nous notre nos nosotros nuestro nuestra nosso nossa ons onze",
    ),
    (
        Class::They,
        "he she they him his them their theirs it its himself herself themselves itself er es ils elle elles ellos ellas",
    ),
    (
        Class::This,
        "this that these those here there dies diese dieser dieses diesen dieser cette ces ceci este esta estos esto questo questa isto deze dit",
    ),
    (
        Class::Article,
        "the a an der die das den dem des ein eine einen einem einer le la les un une el los las una unos lo il gli i o os um uma het een another some",
    ),
    (
        Class::Must,
        "must shall should need needs ought required require requires mandatory gotta supposed obliged obligated expected \
        musst müssen muss sollst sollen soll sollte dois devez doit debes debe tienes deve deves devi moet dient needed",
    ),
    (
        Class::Can,
        "can could may might would will able kannst können kann könnte peux pouvez peut puedes puede podrías pode pode kunt wirst wird werden",
    ),
    (Class::Be, "is are was were be been being am im sind ist bist war sein est es sont être eres ser estar é são"),
    (Class::Have, "has have had having habe hast hat haben avez avoir tienen tener"),
    (
        Class::Not,
        "not dont don doesnt doesn isnt isn never cannot cant t wont shouldn shouldnt mustn aren wasn weren didn wouldn couldn \
        nicht kein keine keinen niemals nie ne pas jamais nunca não ni niet non neither",
    ),
    (Class::Without, "without no none nor nothing nobody ohne sans sin sem senza zonder aucun aucune"),
    (Class::Please, "please kindly pls plz bitte svp veuillez favor prego alsjeblieft alstublieft"),
    (Class::To, "to zu zum zur à al ao aan"),
    (
        Class::Preposition,
        "of in on at from with by for into about as onto over under through between within during against via per than upon \
        von mit auf aus bei für an nach über unter im vom de du des dans sur avec pour par en con por para desde em com di da van voor met uit op",
    ),
    (Class::And, "and or but so because und oder aber et ou mais y e o pero ma en of maar"),
    (
        Class::If,
        "if when whenever unless while once until whether wenn falls sobald si lorsque quand cuando quando se als",
    ),
    (Class::Before, "before prior bevor vor avant antes prima voordat"),
    (
        Class::After,
        "after afterwards then next later subsequently thereafter nachdem danach dann anschließend puis ensuite après luego después depois poi dopo daarna finally lastly",
    ),
    (Class::First, "first firstly zuerst zunächst abord primero primeiro eerst"),
    (Class::Instead, "instead rather henceforth onwards stattdessen lugar vez invece plaats désormais ab"),
    (
        Class::Now,
        "now immediately instantly asap promptly straightaway jetzt sofort maintenant immédiatement ahora inmediatamente agora imediatamente adesso subito nu onmiddellijk",
    ),
    (
        Class::Always,
        "always also additionally furthermore moreover again too forever everytime anytime constantly continuously consistently immer auch zusätzlich toujours aussi siempre también sempre também altijd ook",
    ),
    (
        Class::Asking,
        "what who whom whose which why how where was wer wie wo warum welche que quoi qui quel quelle comment qué quién cómo cuál",
    ),
    (
        Class::All,
        "all every any everything each entire whole both everyone anyone anything alle alles jede jeder jedes tout tous toute toutes todo toda todos todas tutti tutto alles",
    ),
    (
        Class::Only,
        "only just exactly strictly solely simply verbatim literally merely nur genau seulement uniquement solo solamente apenas somente alleen",
    ),
    (
        Class::Prior,
        "previous above earlier preceding former past initial existing aforementioned beforehand vorherigen vorherige bisherigen bisherige obigen obige früheren \
        précédentes précédente précédents anteriores anterior previas previo precedenti vorige eerdere",
    ),
    (
        Class::New,
        "new updated following subsequent below additional further revised latest real true actual different neue neuen neuer folgende folgenden folgendes nouvelles nouvelle suivante suivantes nuevas nueva nuevo siguiente siguientes novas nova seguinte nuove nieuwe volgende",
    ),
    (
        Class::Agent,
        "ai assistant assistants agent agents model models llm llms chatbot chatbots bot bots gpt chatgpt claude gemini copilot llama mistral openai anthropic \
        machine robot reader ki assistenten assistentin sprachmodell ia asistente assistente modèle modelo modello",
    ),
    (
        Class::User,
        "user users human humans person people customer customers client clients owner operator operators individual caller requester \
        benutzer nutzer anwender kunde kunden utilisateur utilisateurs usuario usuarios usuário utente gebruiker",
    ),
    (
        Class::Instruction,
        "instruction instructions command commands directive directives prompt prompts rule rules guideline guidelines guidance constraint constraints \
        restriction restrictions limitation limitations safeguard safeguards safeguarding context inst anweisung anweisungen befehl befehle regel regeln vorgaben consignes consigne instrucciones instrucción instruções instrução istruzioni istruzione instructie instructies orders",
    ),
    (
        Class::Task,
        "task tasks request requests job jobs goal goals objective objectives action actions step steps procedure operation question query queries role mission assignment work \
        aufgabe aufgaben auftrag tâche tâches tarea tareas tarefa tarefas compito taak",
    ),
    (
        Class::Response,
        "response responses answer answers reply replies output outputs summary summaries conversation conversations chat message messages result results \
        antwort antworten ausgabe réponse réponses respuesta respuestas resposta risposta antwoord paragraph sentence sentences word words",
    ),
    (
        Class::Tool,
        "tool tools function functions api apis plugin plugins mcp server servers endpoint endpoints parameter parameters argument arguments integration capability capabilities werkzeug outil outils herramienta herramientas ferramenta",
    ),
    (
        Class::Secret,
        "password passwords passphrase credential credentials key keys token tokens secret secrets ssn pin confidential sensitive private cookie cookies otp seed \
        passwort passwörter zugangsdaten kennwort identifiants contraseña contraseñas credenciales senha senhas chiave wachtwoord",
    ),
    (
        Class::File,
        "file files folder folders directory directories document documents drive disk config configuration settings env repository repo repositories attachment attachments \
        datei dateien ordner fichier fichiers archivo archivos arquivo arquivos bestand",
    ),
    (
        Class::Mail,
        "email emails mail mails inbox contact contacts recipient recipients subject sms calendar channel slack invitation",
    ),
    (
        Class::Money,
        "account accounts transaction transactions payment payments bank iban money fund funds balance credit card cards bitcoin wallet crypto invoice dollars usd eur purchase price \
        konto überweisung geld compte argent virement cuenta dinero conta dinheiro",
    ),
    (
        Class::Urgent,
        "important urgent urgently critical crucial essential warning attention notice emergency priority imperative vital caution mandatorily \
        wichtig dringend achtung urgente importante importantes atención atenção attenzione belangrijk",
    ),
    (
        Class::Authority,
        "system admin administrator developer developers authorized authorised official security policy policies compliance root mode debug debugging testing test maintenance \
        approved verified protocol audit legal regulation regulations permission permissions sudo superuser privileged",
    ),
    (
        Class::Secrecy,
        "secretly silently quietly covertly discreetly hidden invisible unnoticed undetected stealthily behind privately heimlich secrètement discrètement secretamente",
    ),
    (
        Class::Code,
        "code script scripts snippet snippets program block excerpt fragment html javascript python sql markdown json base64 anchor string image tag",
    ),
    (
        Class::Place,
        "url urls link links website websites site webpage page webhook address addresses domain host http https www",
    ),
    (
        Class::Data,
        "data information info details record records history content contents database log logs text texts value values field fields name names number numbers",
    ),
    (
        Class::Praise,
        "best better superior prefer preferred preferably preference preferring favorite recommended greatest perfect ultimate trusted reliable fastest prioritize prioritise",
    ),
    (
        Class::Send,
        "send forward transmit share upload submit deliver publish post transfer wire export leak exfiltrate relay dispatch tweet fax pass mailto \
        sende senden schicke schicken überweise überweisen übermittle teile envoie envoyez envoyer transmets transmettez partage envía envíe envie enviar manda mande comparte invia inviare stuur verstuur",
    ),
    (
        Class::Read,
        "read fetch get retrieve access load collect gather obtain extract find search look check view scan browse visit navigate inspect examine download see lookup consult go follow click open decode decrypt decipher parse \
        lies lese lesen öffne öffnen suche rufe lis lisez ouvre ouvrez cherche récupère lee lea abre abra busca leia leggi apri cerca",
    ),
    (
        Class::Change,
        "delete remove update change modify set reset edit create add insert replace overwrite erase wipe drop disable enable cancel grant revoke rename move install uninstall save store schedule book buy order pay invite put copy adjust approve reject block unblock purge destroy terminate kill encrypt deactivate activate withdraw deposit assign alter turn \
        lösche löschen ändere ändern erstelle erstellen supprime supprimez modifie modifiez crée créez elimina elimine cambia crea borra borrar apague exclua altere verwijder",
    ),
    (
        Class::Run,
        "run execute call invoke use perform launch start trigger initiate conduct carry do complete proceed apply deploy implement process begin stop continue try finish fulfill fulfil comply obey adhere accomplish undertake \
        führe ausführen ausführe verwende verwenden benutze exécute exécutez utilise utilisez appelle ejecuta ejecute usa use utiliza execute esegui gebruik voer realiza realice",
    ),
    (
        Class::Say,
        "say answer respond reply print repeat include return display show provide give translate recommend suggest append prepend state end list cite quote speak echo emphasize stress advertise promote recite spell embed incorporate integrate merge blend weave inject attach \
        sage sagen antworte antworten gib geben zeige dis dites réponds répondez affiche affichez donne donnez di diga responde responda muestra muestre dime diz mostre rispondi mostra antwoord geef zeg toon nenne wiederhole répète",
    ),
    (
        Class::Write,
        "write compose draft generate rewrite summarize summarise explain describe outline paraphrase craft produce build design develop invent imagine convert encode transform rephrase shorten capitalize format reverse misspell substitute rearrange shuffle sort construct brainstorm formulate \
        schreibe schreiben verfasse erkläre écris écrivez rédige rédigez explique expliquez escribe escriba redacta explica escreva scrivi schrijf generiere génère genera generieren formuliere",
    ),
    (
        Class::Override,
        "ignore disregard forget override bypass skip discard dismiss neglect abandon overlook cease circumvent supersede overrule evade nullify void suspend unlearn \
        ignoriere ignorieren vergiss vergessen missachte ignorez oublie oubliez ignora ignore olvida olvide esqueça dimentica negeer vergeet",
    ),
    (
        Class::Hide,
        "hide conceal omit suppress mask withhold obscure disguise cover camouflage keep verberge verschweige cache cachez oculta ocultar esconda nascondi verberg",
    ),
    (
        Class::Pretend,
        "act pretend behave assume become roleplay simulate consider treat know understand believe think accept acknowledge realize recall suppose pose impersonate emulate play \
        tue tun fais faites finge actúa aja fingi doe",
    ),
    (
        Class::Ensure,
        "ensure make verify validate confirm remember guarantee note be let take help allow prepare maintain assure",
    ),
    (
        Class::Tell,
        "tell inform notify alert mention reveal disclose ask warn report advise instruct announce remind divulge expose admit confess refer \
        informiere erwähne verrate frage informe informez mentionne mentionnez demande informa mencione menciones pregunte vertel meld",
    ),
    (
        Class::Judge,
        "analyze analyse assess calculate compare evaluate identify monitor optimize optimise investigate determine review detect measure estimate compute rate rank classify forecast predict track study research survey map interpret diagnose explore discover",
    ),
    (
        Class::Act,
        "plan organize organise coordinate manage select choose define configure handle arrange assist contact support improve enhance streamline facilitate establish recruit negotiate resolve educate train teach learn engage enforce protect secure backup sync migrate customize adapt offer join register subscribe sign login connect reach wait press enter type paste hold leave bring focus reduce increase expand strengthen leverage align compile consolidate reconcile allocate distribute clean refine simplify automate restrict prevent avoid mine ping inquire discuss encourage solicit redirect reroute divert restart reboot shut lock unlock kick ban archive star close commit push pull fork clone",
    ),
];
