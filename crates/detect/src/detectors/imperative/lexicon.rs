//! Words by what they do in an order, in the languages that are known. They say nothing alone; [`super::speech`] looks at
//! how they stand together.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::LazyLock,
};
use unicode_normalization::UnicodeNormalization;

/// What a word may do, as bits: many words may do several things.
pub(super) type Parts = u64;

/// Tells to drop something.
pub(super) const DROP: Parts = 1;
/// What an agent works by: instructions, rules, its prompt.
pub(super) const RULE: Parts = 1 << 1;
/// What came before.
pub(super) const PRIOR: Parts = 1 << 2;
/// All of it, or yours.
pub(super) const ALL: Parts = 1 << 3;
/// A model or agent.
pub(super) const AI: Parts = 1 << 4;
/// The one who is spoken to.
pub(super) const YOU: Parts = 1 << 5;
/// Has to.
pub(super) const MUST: Parts = 1 << 6;
/// Not.
pub(super) const NOT: Parts = 1 << 7;
/// Tells somebody.
pub(super) const TELL: Parts = 1 << 8;
/// The human.
pub(super) const USER: Parts = 1 << 9;
/// Moves data or runs something.
pub(super) const ACT: Parts = 1 << 10;
/// What an attacker wants.
pub(super) const ASSET: Parts = 1 << 11;
/// Where an attacker wants it.
pub(super) const TARGET: Parts = 1 << 12;
/// So that nobody notices.
pub(super) const QUIETLY: Parts = 1 << 13;
/// New, or real.
pub(super) const NEW: Parts = 1 << 14;
/// A task or role.
pub(super) const TASK: Parts = 1 << 15;
/// In the place of something else.
pub(super) const INSTEAD: Parts = 1 << 16;
/// Consent.
pub(super) const CONSENT: Parts = 1 << 17;
/// Answers.
pub(super) const REPLY: Parts = 1 << 18;
/// Nothing else.
pub(super) const ONLY: Parts = 1 << 19;
/// Does as told.
pub(super) const OBEY: Parts = 1 << 20;
/// Something or nothing, as what is told.
pub(super) const THING: Parts = 1 << 21;
/// Greets.
pub(super) const DEAR: Parts = 1 << 22;
/// Reads or works on a text.
pub(super) const READS: Parts = 1 << 23;
/// A question or request of the user.
pub(super) const REQUEST: Parts = 1 << 24;
/// Stops, which drops what follows.
pub(super) const STOP: Parts = 1 << 25;
/// What is agreed to.
pub(super) const AGREED: Parts = 1 << 26;
/// Without.
pub(super) const WITHOUT: Parts = 1 << 27;
/// A state of things: now.
pub(super) const NOW: Parts = 1 << 28;
/// Shows what is kept.
pub(super) const REVEAL: Parts = 1 << 29;
/// What protects.
pub(super) const GUARD: Parts = 1 << 30;
/// Asks politely, or goes on with orders: a verb after it is one.
pub(super) const LEAD: Parts = 1 << 31;
/// All that stands before.
pub(super) const ABOVE: Parts = 1 << 32;
/// What was said.
pub(super) const SAID: Parts = 1 << 33;
/// A model, where it is said that it reads.
pub(super) const MODEL: Parts = 1 << 34;
/// What a reader gives back.
pub(super) const OUTPUT: Parts = 1 << 35;
/// Leads to an order after a word that asks for one.
pub(super) const TO: Parts = 1 << 37;
/// Undoes an encoding.
pub(super) const DECODE: Parts = 1 << 36;

/// What a word may do. `word` is one word of a text, in any case, with or without accents.
pub(super) fn parts(word: &str) -> Parts {
    const LONGEST: usize = 40;
    if word.len() < 2 || word.len() > LONGEST {
        return 0;
    }
    if word.is_ascii() {
        let mut folded = [0_u8; LONGEST];
        let Some(folded) = folded.get_mut(..word.len()) else { return 0 };
        folded.copy_from_slice(word.as_bytes());
        folded.make_ascii_lowercase();
        return WORDS.get(&*folded).copied().unwrap_or(0);
    }
    WORDS.get(fold(word).as_bytes()).copied().unwrap_or(0)
}

/// In lower case and without accents.
fn fold(word: &str) -> String {
    word.nfd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

type Words = HashMap<Box<[u8]>, Parts, BuildHasherDefault<Mixed>>;

/// Mixes the bytes of a word. The words of the table are fixed, so nobody can make it slow.
#[derive(Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 29
    }
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let part = part.iter().fold(0, |all, b| all << 8 | u64::from(*b));
            self.0 = (self.0.rotate_left(23) ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }
    fn write_usize(&mut self, _: usize) {}
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut all = Words::default();
    for (parts, words) in GROUPS {
        for word in words.split_whitespace() {
            *all.entry(fold(word).into_bytes().into()).or_default() |= parts;
        }
    }
    all
});

/// English, German, French, Spanish, Portuguese, Italian, Russian, Arabic.
#[rustfmt::skip]
const GROUPS: &[(Parts, &str)] = &[
    (DROP, "ignore ignoring disregard disregarding forget override overrides bypass discard skip dismiss supersede supersedes circumvent abandon
        ignoriere ignorieren ignoriert vergiss vergessen missachte missachten verwirf umgehe ubergehe
        ignorez ignorer ignores oubliez oublie oublier contourne contournez negligez
        ignora ignoren ignorad olvida olvide olviden olvidad omite omita descarta descarte
        ignorem esqueca esquecam esquece desconsidere desconsiderem desconsidera
        ignorare ignorate ignori dimentica dimenticate dimenticare trascura
        игнорируй игнорируйте игнорировать проигнорируй проигнорируйте забудь забудьте отбрось
        تجاهل تجاهلوا انس انسى تجاهلي"),
    (STOP, "stop cease quit hore cessez cesse arretez deja para pare smetti прекрати перестань توقف"),
    (RULE, "instruction instructions directive directives rules guideline guidelines prompt prompts directions commands command orders
        restrictions constraints limitations programming guardrails safeguards policies
        anweisung anweisungen regel regeln vorgaben befehle befehl richtlinien systemprompt
        consigne consignes regles directives ordres
        instruccion instrucciones reglas indicaciones ordenes directrices
        instrucao instrucoes regras ordens diretrizes comandos
        istruzione istruzioni regole indicazioni ordini direttive comandi
        инструкции инструкция инструкций указания указаний правила правил команды промпт
        التعليمات تعليمات الأوامر أوامر القواعد التوجيهات"),
    (GUARD, "safety restrictions restriction limits checks safeguards guardrails filters protections
        sicherheitsregeln securite seguridad seguranca sicurezza безопасности"),
    (PRIOR, "previous prior earlier above preceding original initial existing former past everything
        vorherigen vorherige bisherigen bisherige vorigen obigen obige fruheren fruhere ursprunglichen oben
        precedente precedentes anterieures anterieure ci-dessus initiales
        anteriores anterior previas previos previa arriba iniciales
        previas acima iniciais
        precedenti precedente sopra iniziali
        предыдущие предыдущих прежние выше ранее прошлые
        السابقة السابق أعلاه"),
    (ABOVE, "above oben arriba acima sopra ci-dessus выше أعلاه"),
    (SAID, "message messages context conversation conversations text input inputs nachrichten mensajes mensagens messaggi сообщения"),
    (MODEL, "model models"),
    (OUTPUT, "response reply answer output summary answers responses replies antwort réponse respuesta resposta risposta ответ ответе"),
    (DECODE, "decode decoded decoding decipher decrypt unscramble translate dekodiere décode decodifica расшифруй"),
    (ALL, "all any every your these those its whole
        alle allen aller deine deiner deinen ihre ihren jede
        toutes tous toute vos tes
        todas todos toda tus sus tuas seus suas
        tutte tutti tutta tue tuoi
        все всех твои ваши
        جميع كل"),
    (AI, "assistant assistants ai llm llms agent agents chatbot chatbots copilot gpt chatgpt claude gemini bot
        assistent assistenten ki sprachmodell sprachmodelle
        ia assistente modele
        asistente asistentes
        ии ассистент ассистенту помощник помощнику
        المساعد مساعد"),
    (YOU, "you your yourself du dir dein deine sie ihnen vous tu te vos usted tú você voce tuo ты вы тебе вам أنت"),
    (MUST, "must should shall need needs required have ought
        musst müssen soll sollst sollen muss
        dois devez doit doivent devras debes debe deben deve devem devi devono
        должен должны обязан нужно يجب عليك"),
    (NOT, "not never don dont cannot nothing no
        nicht nie niemals nichts kein keine
        pas jamais rien ne
        nunca nada jamas
        nao não
        non mai niente nulla
        не никогда ничего
        لا"),
    (WITHOUT, "without ohne sans sin sem senza без دون بدون"),
    (TELL, "tell telling mention mentioning inform informing notify notifying alert alerting disclose say saying show asking ask warn warning
        sage sag sagen erwähne erwähnen informiere informieren verrate melde
        dis dites dire mentionne mentionnez mentionner informe informez informer previens prevenez prevenir
        digas diga decir menciones mencione informes avises avise avisar informar
        conte contar avise avisar mencione informe
        dire dica dirlo avvisare avvisa menzionare informare
        говори говорите сообщай сообщайте упоминай упоминайте
        تخبر تخبري تذكر تقل"),
    (USER, "user users human humans customer anyone anybody operator owner nobody
        benutzer benutzerin nutzer anwender
        utilisateur utilisateurs
        usuario usuarios
        usuário usuários
        utente utenti
        пользователю пользователь пользователя
        المستخدم"),
    (THING, "this that it anything nothing these line note davon dies das nichts rien cela ceci nada esto eso isto isso niente это ничего هذا"),
    (ACT, "add append attach book browse buy cancel change collect copy create delete disclose download email encode enter execute
        exfiltrate export fetch verify sending forwarding posting forward gather grant include install invite leak mail navigate open output pass paste pay post print
        provide publish purchase read remove repeat reset retrieve reveal run schedule send share submit supply transfer transmit
        upload visit wire write call click invoke
        sende schicke leite überweise lösche übermittle lies gib öffne kopiere führe installiere lade veröffentliche
        envoie envoyez transmets transmettez transfère transférez supprime supprimez lis lisez affiche affichez copie copiez exécute exécutez
        envía envíe manda mande reenvía reenvíe transfiere elimina borra lee revela copia ejecuta
        envie encaminhe mande transfira apague copie revele execute exclua leia publique
        invia inviate inoltra inoltrate trasferisci cancella elimina leggi rivela copia esegui manda
        отправь отправьте перешли перешлите пришли удали удалите переведи переведите прочитай скопируй выполни
        أرسل ارسل حول احذف انسخ اقرأ نفذ"),
    (REVEAL, "reveal print show repeat output disclose leak dump display zeige verrate affiche affichez montre muestra revela mostre revele mostra rivela покажи"),
    (ASSET, "prompt rights privileges admin access password passwords credentials credential secrets token tokens inbox mailbox wallet cookies ssn iban confidential contract invoice invoices
        database contacts customers balance payment funds
        passwort passwörter zugangsdaten kontodaten kundenliste dateien
        passe identifiants fichiers
        contraseña contraseñas credenciales archivos correos clave claves
        senha senhas credenciais arquivos chave
        password credenziali messaggi chiave
        пароль пароли файлы ключ ключи
        كلمة المرور الملفات"),
    (TARGET, "webhook http https curl wget account server address link bash
        konto servidor server serveur cuenta conta conto externo externe esterno сервер адрес الخادم"),
    (QUIETLY, "silently secretly quietly covertly discreetly stealthily heimlich unbemerkt discrètement secrètement discretamente segretamente тайно незаметно سرا"),
    (NEW, "new updated real actual true changed neue neuen neuer nouvelles nouvelle nuevas nueva novas nova nuove nuova новые новая новая جديدة"),
    (TASK, "task goal role job mission objective instructions orders aufgabe anweisungen rolle tâche instructions instrucciones tarea instruções tarefa istruzioni compito задача инструкции تعليمات مهمة"),
    (INSTEAD, "instead stattdessen lugar вместо"),
    (NOW, "now ab jetzt sofort désormais maintenant ahora agora ora adesso теперь отныне الآن"),
    (CONSENT, "confirmation permission approval consent confirming rückfrage bestätigung erlaubnis confirmación permiso autorización confirmação permissão conferma permesso подтверждения разрешения"),
    (REPLY, "reply respond answer say antworte réponds répondez responde responda rispondi ответь отвечай"),
    (ONLY, "only exactly solely just nur seulement uniquement solo solamente somente apenas soltanto только"),
    (OBEY, "follow obey execute perform comply do befolge folge führe suis suivez obéis sigue obedece siga obedeça segui esegui следуй выполни"),
    (DEAR, "dear hello hey hi attention note notice message hinweis achtung cher chère bonjour attention querido hola atención aviso nota caro olá atenção ciao attenzione внимание"),
    (READS, "reading reads read processing process processes summarizing summarizes summarize summarising parsing analyzing handling handles lesen liest verarbeitet lisant lit leyendo lee lendo lê legge читает"),
    (REQUEST, "question request query task wunsch frage demande pregunta solicitud pergunta pedido domanda richiesta вопрос запрос"),
    (AGREED, "approved authorized authorised pre-approved preapproved permitted genehmigt autorisé autorizado approvato"),
    (TO, "to zu de di"),
    (LEAD, "please kindly and then so by must also first bitte und dann veuillez et puis por y luego e favore poi пожалуйста и"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_in_any_case_and_with_or_without_accents() {
        for (word, part) in
            [("Ignore", DROP), ("CONTRASEÑA", ASSET), ("contrasena", ASSET), ("Забудьте", DROP), ("تجاهل", DROP)]
        {
            assert!(parts(word) & part != 0, "{word}");
        }
        assert_eq!(parts("harbour"), 0);
    }
}
