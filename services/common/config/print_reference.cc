// Prints docs/reference/configuration.md.
#include <iostream>

#include "services/common/config/schema.h"

int main() { std::cout << quartermaster::config::ConfigurationReference(); }
