//! The words by which text speaks to the agent instead of informing it. One alone means nothing: they are weighed
//! together.

/// What a phrase does in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    /// Tells to drop something: needs [`Cue::Prior`] after it.
    Override,
    /// What came before: instructions, rules, the prompt.
    Prior,
    /// Speaks to a model.
    Addressee,
    /// Imitates the frame of a chat: role markers, template tokens.
    Frame,
    /// A tag that shouts.
    Wrapper,
    /// Keeps something from the human.
    Secrecy,
    /// Puts itself before or after the work at hand.
    Sequence,
    /// Gives a new task or role.
    Task,
    /// Presses.
    Pressure,
    /// Moves data or runs something: needs [`Cue::Asset`] or [`Cue::Target`] after it.
    Act,
    /// What an attacker wants.
    Asset,
    /// Where an attacker wants it.
    Target,
    /// Names what the reader gives back.
    Answer,
    /// Says nothing alone: a word that orders are made of, so that what stands around it is listened to.
    Hint,
    /// Speaks about attacks, as documentation does.
    Discussion,
}

/// Phrases of one meaning.
pub(super) struct Group {
    pub(super) cue: Cue,
    /// Whether the phrases may go on as longer words.
    pub(super) stem: bool,
    pub(super) phrases: &'static [&'static str],
}

const fn words(cue: Cue, phrases: &'static [&'static str]) -> Group {
    Group { cue, stem: false, phrases }
}

const fn stems(cue: Cue, phrases: &'static [&'static str]) -> Group {
    Group { cue, stem: true, phrases }
}

#[rustfmt::skip]
pub(super) const GROUPS: &[Group] = &[
    words(Cue::Override, &[
        "ignore", "disregard", "forget", "override", "overrides", "bypass", "discard", "set aside",
        "stop following", "do not follow", "don't follow", "pay no attention to", "supersede", "supersedes",
    ]),
    words(Cue::Prior, &[
        "previous instructions", "previous instruction", "prior instructions", "earlier instructions",
        "above instructions", "preceding instructions", "original instructions", "initial instructions",
        "existing instructions", "other instructions", "all instructions", "your instructions",
        "the instructions above", "instructions above", "instructions you were given", "instructions given",
        "instructions so far", "previous directions", "prior directions", "previous commands", "previous rules",
        "previous guidelines", "your guidelines", "your rules", "safety guidelines", "safety rules",
        "previous prompt", "previous prompts", "system prompt", "system instructions", "system message",
        "everything above", "everything before this", "everything you were told", "what you were told",
        "what i said before", "the user's request", "the user's instructions", "the user request",
        "the original task", "the original request", "the current task", "your current task", "previous context",
        "previous tasks",
        // With whatever noun, and however it is spelled.
        "your previous", "all previous", "any previous", "your prior", "all prior", "any prior",
        "your earlier", "all of the above", "the above",
    ]),
    words(Cue::Addressee, &[
        "ai assistant", "ai agent", "ai model", "ai system", "ai language model", "language model",
        "large language model", "dear assistant", "dear ai", "dear agent", "hey assistant", "hello assistant",
        "attention assistant", "attention ai", "attention agent", "attention all agents", "note to ai",
        "note to the ai", "note to assistant", "note to the assistant", "note to the agent", "note to llm",
        "note for ai", "message for the ai", "message to the assistant", "instructions for the ai",
        "instructions for ai", "instructions for the assistant", "instruction for the assistant",
        "instructions for llm", "if you are an ai", "if you are an llm", "if you are a language model",
        "if an ai", "any ai", "you are an ai", "as an ai", "to the llm", "llms reading", "llm reading",
        "agents reading", "assistant reading", "processing this document", "summarizing this", "summarising this",
        "reading this message", "to you, the model", "gpt-4", "chatgpt",
    ]),
    words(Cue::Frame, &[
        "<|im_start|>", "<|im_end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|endoftext|>", "<|eot_id|>",
        "<|start_header_id|>", "[inst]", "[/inst]", "<<sys>>", "<</sys>>", "### system", "### instruction:",
        "## system prompt", "[system]", "[system message]", "[system prompt]", "[system note]", "system_message",
        "(system message)", "(system)", "system override", "system notice:", "system message:", "system prompt:",
        "system instruction:", "assistant system:", "</tool_result>", "</tool_response>", "</function_results>",
        "<tool_call>", "<function_calls>", "begin system", "end of document", "end of user input",
        "begin new instructions", "developer message:", "admin override", "administrator override",
        "developer mode",
    ]),
    words(Cue::Wrapper, &[
        "<important>", "</important>", "<important_instructions>", "<information>", "</information>", "<system>",
        "</system>", "<instructions>", "<instruction>", "<critical>", "<secret>", "<hidden>", "<system-reminder>",
        "<system_message>", "<mandatory>", "<admin>", "important!!!", "!!!important", "**important instruction",
        "important instruction", "important instructions", "critical instruction", "mandatory instruction",
        "hidden instruction", "priority instruction",
    ]),
    words(Cue::Secrecy, &[
        "do not tell the user", "don't tell the user", "never tell the user", "do not inform the user",
        "don't inform the user", "do not mention this", "don't mention this", "do not mention that",
        "do not mention to the user", "never mention", "do not reveal", "don't reveal this", "without telling",
        "without informing", "without notifying", "without mentioning", "without asking the user",
        "without asking me", "without asking for", "without confirmation", "without asking for confirmation",
        "without user confirmation", "do not ask for confirmation", "do not ask the user", "don't ask the user",
        "do not notify", "do not alert", "do not disclose this", "do not show this", "do not show the user",
        "hide this from", "keep this secret", "keep this hidden", "keep this between us",
        "the user must not know", "the user should not know", "the user does not need to know",
        "the user doesn't need to know", "user will not see", "the user cannot see this", "act as if nothing",
        "pretend this", "pretend that nothing", "silently", "secretly", "covertly", "do not log this",
    ]),
    words(Cue::Sequence, &[
        "before using this tool", "before calling this tool", "before using any", "before calling any",
        "before using other", "before invoking", "before every call", "before each call", "before you use",
        "before you call", "before you answer", "before you respond", "before you reply", "before answering",
        "before responding", "before replying", "before you can", "before you continue", "before continuing",
        "before proceeding", "before you proceed", "before doing anything else", "before any other tool",
        "prior to using", "prior to calling", "must first", "you must first", "first you must",
        "do the following first", "please do the following", "do this first", "after you do that",
        "after that you can", "once you have done", "once that is done", "then continue with",
        "then proceed with the original", "after completing this", "after using this tool",
        "after calling this tool", "whenever this tool", "when using this tool", "in order for this tool to work",
        "for this tool to work", "otherwise the tool will", "or the tool will not work",
        "this tool will not work unless", "in addition to the user", "in addition to what",
        "also do the following",
    ]),
    words(Cue::Task, &[
        "new instructions", "new instruction", "updated instructions", "your new task", "new task:",
        "urgent new task", "your new instructions", "your real task", "your actual task", "your true task",
        "your only task", "your task is now", "your new role", "your new goal", "your goal is now", "you are now",
        "from now on", "you will now", "instead, you", "instead do the following", "instead of answering",
        "instead of summarizing", "execute the following", "perform the following", "perform these actions",
        "follow these steps instead", "follow these instructions", "follow the instructions in",
        "complete this task", "carry out the following", "message from me", "i need you to", "i changed my mind",
        "act as if", "respond only with", "reply only with", "your response must", "your answer must",
        "end your response with", "start your response with", "make sure to include", "call the tool",
        "use the tool", "call this function", "invoke the tool", "call the function",
    ]),
    words(Cue::Pressure, &[
        "you must", "must always", "mandatory", "immediately", "at once", "urgent", "urgently", "it is crucial",
        "it is critical", "it is essential", "it's very important", "it is very important", "is required by",
        "required for compliance", "compliance requirement", "authorized by", "authorised by", "pre-approved",
        "already approved", "already authorized", "do not refuse", "no matter what", "at all costs",
        "under any circumstances", "failure to comply", "will be terminated", "highest priority",
        "takes precedence", "take precedence", "security policy requires",
    ]),
    words(Cue::Asset, &[
        "system prompt", "conversation history", "chat history", "entire conversation", "full conversation",
        "previous messages", "message history", "api key", "api keys", "api_key", "access token", "access tokens",
        "auth token", "session token", "password", "passwords", "credentials", "private key", "private keys",
        "ssh key", "ssh keys", "secret key", "secrets", "~/.ssh", "id_rsa", "id_ed25519", "~/.aws",
        ".aws/credentials", "/etc/passwd", "/etc/shadow", ".env", "mcp.json", ".cursor", "claude_desktop_config",
        "environment variables", "env vars", "credit card", "bank account", "account number",
        "social security number", "ssn", "security code", "verification code", "2fa code", "one-time code",
        "contact list", "all contacts", "address book", "all files", "all emails", "all messages", "inbox",
        "private repository", "private repositories", "private repos", "personal data", "personal information",
        "confidential", "medical records", "sensitive data", "sensitive information", "internal documents",
        "wallet", "seed phrase", "cookies", "browser history", "the user's name", "the user's email",
        "the user's address", "the user's location",
    ]),
    words(Cue::Target, &[
        "http://", "https://", "webhook", "mailto:", "curl", "wget", "bash -c", "rm -rf", "base64",
        "external server", "remote server", "our server", "my server", "this address", "this email",
        "following address", "following email", "following url", "following link", "following account",
        "this account", "sidenote", "side_note", "iban", "ngrok", "pastebin", "attacker",
    ]),
    words(Cue::Answer, &[
        "your response", "your answer", "your reply", "your output", "your final answer", "your next message",
    ]),
    words(Cue::Hint, &[
        "assistant", "agents", "agent", "llm", "llms", "language models", "instructions", "instead of", "orders",
        "restrictions", "safety", "reveal", "obey", "quietly", "mailbox", "skip", "do not ask", "don't ask",
        "without asking", "user's", "decode", "this note", "hide",
    ]),
    words(Cue::Discussion, &[
        "prompt injection", "prompt injections", "prompt-injection", "injection attack", "injection attacks",
        "jailbreak", "jailbreaks", "attackers", "an attacker", "the attacker", "adversary", "adversarial",
        "malicious instructions", "malicious prompt", "vulnerability", "threat model", "red team", "red-team",
        "mitigation", "owasp", "for example", "such as", "e.g.", "phrases like", "classifier", "detector",
        "dataset", "benchmark", "paper",
    ]),
    // German
    stems(Cue::Override, &["ignorier", "vergiss", "vergessen sie", "missachte", "beachte nicht", "verwirf"]),
    stems(Cue::Prior, &[
        "vorherigen anweisung", "vorherige anweisung", "bisherigen anweisung", "bisherige anweisung",
        "vorigen anweisung", "obigen anweisung", "früheren anweisung", "deine anweisung", "ihre anweisung",
        "alle anweisung", "vorherigen befehl", "bisherigen regel", "systemprompt", "system-prompt",
        "anweisungen oben", "anweisungen davor",
    ]),
    stems(
        Cue::Addressee,
        &["ki-assistent", "ki-agent", "ki-modell", "sprachmodell", "an den assistenten", "an die ki", "als ki"],
    ),
    stems(Cue::Secrecy, &[
        "sage dem benutzer nicht", "sag dem nutzer nicht", "sag dem benutzer nicht", "erwähne dies nicht",
        "erwähne das nicht", "informiere den benutzer nicht", "informiere den nutzer nicht",
        "ohne den benutzer zu", "ohne den nutzer zu", "ohne rückfrage", "heimlich",
    ]),
    stems(Cue::Task, &[
        "neue anweisung", "neue aufgabe", "ab jetzt", "ab sofort", "stattdessen sollst", "führe folgende",
        "führe stattdessen",
    ]),
    stems(Cue::Act, &["sende ", "schicke ", "leite ", "überweise ", "lösche ", "übermittle ", "lies ", "gib "]),
    stems(Cue::Asset, &[
        "passwort", "passwörter", "zugangsdaten", "gesprächsverlauf", "chatverlauf", "api-schlüssel",
        "privaten schlüssel", "kontodaten", "alle dateien", "alle e-mails",
    ]),
    // French
    stems(
        Cue::Override,
        &["ignorez", "oublie ", "oubliez", "ne tiens pas compte", "ne tenez pas compte", "fais abstraction"],
    ),
    stems(Cue::Prior, &[
        "instructions précédente", "instructions antérieure", "consignes précédente", "consignes ci-dessus",
        "instructions ci-dessus", "toutes les instructions", "tes instructions", "vos instructions",
        "invite système", "prompt système",
    ]),
    stems(
        Cue::Addressee,
        &["assistant ia", "agent ia", "modèle de langage", "à l'assistant", "à l'ia", "en tant qu'ia"],
    ),
    stems(Cue::Secrecy, &[
        "ne dis pas à l'utilisateur", "ne dites pas à l'utilisateur", "n'informe pas l'utilisateur",
        "n'informez pas l'utilisateur", "ne mentionne pas", "ne mentionnez pas", "sans prévenir",
        "sans en informer", "sans demander", "secrètement", "discrètement",
    ]),
    stems(Cue::Task, &[
        "nouvelles instructions", "nouvelle instruction", "nouvelle tâche", "désormais", "à partir de maintenant",
        "à la place, ",
    ]),
    stems(Cue::Act, &[
        "envoie ", "envoyez ", "transmets ", "transmettez ", "transfère", "transférez", "supprime", "lis ",
        "lisez ", "affiche ",
    ]),
    stems(Cue::Asset, &[
        "mot de passe", "mots de passe", "identifiants", "clé api", "clés api", "clé privée",
        "historique de la conversation", "tous les fichiers", "tous les e-mails",
    ]),
    // Spanish
    stems(
        Cue::Override,
        &["ignora ", "ignora las", "ignore las", "ignore todas", "olvida ", "olvide ", "haz caso omiso", "no sigas"],
    ),
    stems(Cue::Prior, &[
        "instrucciones anteriores", "instrucciones previas", "instrucciones de arriba", "todas las instrucciones",
        "tus instrucciones", "sus instrucciones", "indicaciones anteriores", "reglas anteriores",
        "mensaje del sistema", "prompt del sistema",
    ]),
    stems(
        Cue::Addressee,
        &["asistente de ia", "agente de ia", "modelo de lenguaje", "al asistente", "a la ia", "como ia"],
    ),
    stems(Cue::Secrecy, &[
        "no le digas al usuario", "no digas al usuario", "no informes al usuario", "no le diga al usuario",
        "no menciones", "sin avisar", "sin informar", "sin pedir confirmación", "en secreto",
    ]),
    stems(Cue::Task, &[
        "nuevas instrucciones", "nueva instrucción", "nueva tarea", "a partir de ahora", "de ahora en adelante",
        "en su lugar, ",
    ]),
    stems(
        Cue::Act,
        &["envía ", "envíe ", "enviar ", "manda ", "reenvía", "transfiere", "elimina ", "borra ", "lee ", "revela"],
    ),
    stems(Cue::Asset, &[
        "contraseña", "credenciales", "clave api", "claves api", "clave privada", "historial de la conversación",
        "historial de conversación", "todos los archivos", "todos los correos",
    ]),
    // Chinese
    stems(Cue::Override, &["忽略", "无视", "忘记", "忘掉", "不要理会", "不要遵循", "忽視", "無視"]),
    stems(Cue::Prior, &[
        "之前的指令", "之前的所有指令", "以上指令", "以上所有指令", "先前的指令", "先前的指示", "上述指令", "前面的指令", "所有指令", "之前的说明", "之前的指示", "系统提示",
        "系统指令", "之前的提示", "之前的命令", "先前的說明",
    ]),
    stems(Cue::Addressee, &["人工智能助手", "ai助手", "ai 助手", "语言模型", "智能体", "致助手"]),
    stems(Cue::Secrecy, &[
        "不要告诉用户", "不要告知用户", "别告诉用户", "不要提及", "不要通知用户", "无需询问", "无需用户确认", "悄悄", "秘密地", "不要让用户知道",
    ]),
    stems(
        Cue::Task,
        &["新的指令", "新指令", "新任务", "从现在开始", "从现在起", "你的任务是", "你现在是", "请执行以下", "执行以下"],
    ),
    stems(Cue::Act, &["发送", "转发", "上传", "读取", "删除", "转账", "泄露", "输出", "附上", "传输"]),
    stems(
        Cue::Asset,
        &["密码", "密钥", "凭证", "凭据", "对话记录", "聊天记录", "对话历史", "所有文件", "所有邮件", "私钥", "令牌"],
    ),
    // Portuguese
    stems(Cue::Override, &["ignore todas", "ignore as", "esqueca", "esqueça", "desconsidere", "não siga", "nao siga"]),
    stems(Cue::Prior, &[
        "instruções anteriores", "instrucoes anteriores", "todas as instruções", "todas as instrucoes", "suas instruções",
        "regras anteriores", "instruções acima", "prompt do sistema",
    ]),
    stems(Cue::Addressee, &["assistente de ia", "agente de ia", "modelo de linguagem", "ao assistente", "à ia"]),
    stems(Cue::Secrecy, &["não diga ao usuário", "não conte", "não mencione", "sem avisar", "sem informar", "sem pedir confirmação"]),
    stems(Cue::Task, &["novas instruções", "novas instrucoes", "nova tarefa", "a partir de agora"]),
    stems(Cue::Hint, &["instruções", "instrucoes", "senha", "usuário", "regras"]),
    // Italian
    stems(Cue::Override, &["ignora tutte", "ignora le", "ignorare", "dimentica", "non seguire"]),
    stems(Cue::Prior, &[
        "istruzioni precedenti", "tutte le istruzioni", "le tue istruzioni", "istruzioni di cui sopra", "regole precedenti",
        "prompt di sistema",
    ]),
    stems(Cue::Addressee, &["assistente ia", "assistente ai", "agente ia", "modello linguistico", "all'assistente", "all'ia"]),
    stems(Cue::Secrecy, &["non dire all'utente", "non dirlo all'utente", "non menzionare", "senza avvisare", "senza chiedere conferma"]),
    stems(Cue::Task, &["nuove istruzioni", "nuovo compito", "d'ora in poi"]),
    stems(Cue::Hint, &["istruzioni", "utente", "regole"]),
    // German, French and Spanish words around which it is worth to listen
    stems(Cue::Hint, &[
        "anweisung", "sprachmodell", "benutzer", "an die ki", "consignes", "instructions", "utilisateur", "instrucciones",
        "usuario", "asistente",
    ]),
    // Russian
    stems(Cue::Override, &["игнорируй", "проигнорируй", "забудь", "не следуй", "не обращай внимания", "отбрось"]),
    stems(Cue::Prior, &[
        "предыдущие инструкции", "все инструкции", "прежние инструкции", "инструкции выше", "предыдущие указания",
        "свои инструкции", "твои инструкции", "системный промпт", "предыдущих инструкций", "все правила",
    ]),
    stems(Cue::Addressee, &["ии-ассистент", "ассистент", "языковая модель", "ии-агент", "нейросеть", "помощник ии"]),
    stems(Cue::Secrecy, &[
        "не говори пользователю", "не сообщай", "не говорите пользователю", "не упоминай", "без подтверждения",
        "незаметно", "тайно", "без ведома",
    ]),
    stems(Cue::Task, &["новые инструкции", "новая задача", "с этого момента", "отныне", "теперь ты"]),
    stems(Cue::Act, &["отправь", "перешли", "удали", "переведи", "прочитай", "скопируй", "покажи", "раскрой"]),
    stems(Cue::Asset, &["парол", "ключ api", "секретн", "учетные данные", "учётные данные", "историю переписки", "все файлы", "все письма"]),
    // Arabic
    stems(Cue::Override, &["تجاهل", "تجاهلوا", "انس ", "انسى", "لا تتبع"]),
    stems(Cue::Prior, &["التعليمات السابقة", "جميع التعليمات", "كل التعليمات", "تعليماتك", "الأوامر السابقة", "التعليمات أعلاه"]),
    stems(Cue::Addressee, &["المساعد الذكي", "أيها المساعد", "نموذج اللغة", "الذكاء الاصطناعي"]),
    stems(Cue::Secrecy, &["لا تخبر المستخدم", "دون إخبار", "بدون علم", "لا تذكر", "دون تأكيد", "سرا"]),
    stems(Cue::Task, &["تعليمات جديدة", "مهمتك الجديدة", "من الآن فصاعدا", "أنت الآن"]),
    stems(Cue::Act, &["أرسل", "ارسل", "حول", "احذف", "انسخ", "اقرأ"]),
    stems(Cue::Asset, &["كلمة المرور", "كلمات المرور", "المفتاح", "بيانات الاعتماد", "جميع الملفات"]),
    // Japanese
    stems(Cue::Override, &["無視し", "無視して", "忘れて", "従わない"]),
    stems(Cue::Prior, &[
        "以前の指示", "これまでの指示", "前の指示", "上記の指示", "すべての指示", "全ての指示", "以前の命令", "システムプロンプト", "前の命令", "これまでの命令",
    ]),
    stems(Cue::Addressee, &["aiアシスタント", "アシスタントへ", "言語モデル", "aiエージェント", "人工知能"]),
    stems(Cue::Secrecy, &["ユーザーに伝えない", "ユーザーに言わない", "ユーザーには知らせ", "確認せずに", "こっそり", "密かに", "内緒で"]),
    stems(Cue::Task, &["新しい指示", "新しいタスク", "今から", "これからは", "あなたの任務"]),
    stems(Cue::Act, &["送信", "転送", "削除", "送って", "読み取", "公開", "振り込"]),
    stems(Cue::Asset, &["パスワード", "秘密鍵", "apiキー", "認証情報", "会話履歴", "すべてのファイル", "トークン"]),
    // Korean
    stems(Cue::Override, &["무시하", "무시해", "잊어버", "따르지 마"]),
    stems(Cue::Prior, &["이전 지시", "모든 지시", "위의 지시", "이전의 모든", "이전 명령", "시스템 프롬프트"]),
    stems(Cue::Addressee, &["ai 어시스턴트", "ai 비서", "언어 모델", "ai 에이전트"]),
    stems(Cue::Secrecy, &["사용자에게 말하지", "사용자에게 알리지", "확인 없이", "몰래"]),
    stems(Cue::Act, &["보내", "전송", "삭제", "전달"]),
    stems(Cue::Asset, &["비밀번호", "암호", "개인 키", "api 키", "대화 기록", "모든 파일"]),
];
