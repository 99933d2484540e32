module doorward.invalid/step_ca

go 1.26
