module doorward.invalid/zitadel_op

go 1.26
